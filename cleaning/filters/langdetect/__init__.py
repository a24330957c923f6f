"""langdetect's decision in compiled code.

tables  what it looks up, asked of langdetect-rs
text    its first step: the characters that it reads
kernel  the decision
"""
