"""Work that outlasts a page: submit it, follow it, cancel it."""
