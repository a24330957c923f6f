"""langdetect 1.0.9, exact on every machine.

profiles  what it knows of 55 languages
detector  its decision as a rule book, in plain Python: the definition
tables    what the kernel looks up
text      the kernel's first step: the characters that it reads
kernel    the same decision, in compiled code
"""
