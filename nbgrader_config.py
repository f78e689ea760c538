# The course's name, folders and address live here and nowhere else: stock nbgrader, its
# formgrader and `autograder` all read this file.
from nbconvert.preprocessors import CSSHTMLHeaderPreprocessor
from nbgrader.preprocessors import ClearHiddenTests, GetGrades

c = get_config()  # noqa: F821

c.CourseDirectory.course_id = "embedding-labs"
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "notebooks"
c.CourseDirectory.ignore = [".ipynb_checkpoints", "*.py", "*.pyc", "__pycache__"]

# Where the public repository is: badges and data addresses in the labs are made from it.
c.Repository.owner_and_name = "embedding-labs/embedding-labs"
c.Repository.branch = "main"

c.ClearSolutions.code_stub = {
    "python": "# YOUR CODE HERE\n"
    "raise NotImplementedError("
    '"This exercise is not done yet: replace this line with your code.")'
}
c.ClearSolutions.text_stub = "\nYOUR ANSWER HERE"

# nbgrader's own feedback leaves the hidden tests out, as ours does.
c.GenerateFeedback.preprocessors = [GetGrades, ClearHiddenTests, CSSHTMLHeaderPreprocessor]
# In the formgrader, a heading of a student's must not take the id of a field for points.
c.HTMLExporter.exclude_anchor_links = True

# Seconds that one cell may run, in stock nbgrader and in ours.
c.Execute.timeout = 60
