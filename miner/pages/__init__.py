"""What people look at: the HTML report of a sweep, the page of one reading, and the figures. Nothing is computed."""
