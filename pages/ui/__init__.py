"""What two pages or more share: colours, lesson text, a page's layout, controls."""
