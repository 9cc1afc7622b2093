"""What the pages share: colours, lesson text, the frame of a page, figures and widgets."""
