"""What a page is given: asked of the database, which is only read, and put into values."""
