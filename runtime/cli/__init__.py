"""Command lines, in reading order.

options       options, each written once as a field of a dataclass: parser, help, TOML key, docs row
command_line  arguments read and checked, all mistakes reported at once; the help
config_file   --config: the same options from a TOML file
tables        tables of numbers in the width of the terminal
version       what --version says
console       messages and the live line of a run on a terminal
"""
