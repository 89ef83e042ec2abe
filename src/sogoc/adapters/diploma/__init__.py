"""What a diploma is printed from: the template, its ornament and its fonts, with their licences."""
