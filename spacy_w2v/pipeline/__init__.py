"""What spaCy calls: the component `w2v`, callbacks, the reader of `Example` objects, and loggers."""
