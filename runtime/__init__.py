"""Used by every package and specific to none, in reading order.

errors     the three consequences of an error: usage, input refused, run failed
redaction  secrets of options and of the environment, hidden in what is written or said
units      durations and sizes as people write them
storage    files, arrays and locks on disk
http       files over HTTP(S)
cli        command lines: options, configuration files, messages on a terminal
workers    processes and Beam runners that do the work
command    the frame of every command: errors and signals to exit codes
"""
