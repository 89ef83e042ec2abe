"""The demonstration: sample registers, and the story that `sogoc demo` tells with them."""
