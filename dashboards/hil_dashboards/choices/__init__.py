"""What a page is asked to show: read from a URL's query, and written back to it."""
