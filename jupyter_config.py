# For `make lab`: a page without news, without kernels that students have no use for, and with
# nbgrader's Validate button.
c = get_config()  # noqa: F821

c.LabApp.news_url = ""
c.LabApp.check_for_updates_class = "jupyterlab.NeverCheckForUpdate"
c.KernelSpecManager.allowed_kernelspecs = {"python3"}
