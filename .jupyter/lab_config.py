# For `make lab`: a page without notices, and without kernels that students have no use for.
from pathlib import Path

c = get_config()  # noqa: F821

c.LabApp.news_url = None
c.LabApp.check_for_updates_class = "jupyterlab.NeverCheckForUpdate"
# JupyterLab asks about news unless the setting says no.
c.LabApp.app_settings_dir = str(Path(__file__).parent / "settings")
c.KernelSpecManager.allowed_kernelspecs = {"python3"}
