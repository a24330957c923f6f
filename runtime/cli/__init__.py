"""Command lines, in reading order.

options      option values parsed and checked, help in columns
config_file  --config: the same options from a TOML file
console      messages and the live line of a run on a terminal
"""
