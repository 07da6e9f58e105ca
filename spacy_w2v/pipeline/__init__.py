"""All that spaCy calls: the component `w2v`, callbacks, readers of Examples and loggers."""
