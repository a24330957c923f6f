"""The decisions of each filter, in data-path order.

domains            realnews-domain-filter
paragraphs         paragraph-filter (mC4)
clean              clean-page: the rules, line by line
line_rules         the rule that each line of a page met in it
compiled           functions that numba compiles
byte_search        sixty-four bytes compared at once, within these
clean_kernel       clean-page for many pages at once, in compiled code
line_kernel        its steps: the decisions about one line
language           english-filter and language-filter: the table of identifiers
langdetect         langdetect's decision in compiled code
fasttext_model     checks that a fastText model file is complete
badwords           badwords-filter: lists and matchers
badwords_kernel    the first word in each of many texts, in compiled code
own                functions of the user (--filter)
documents          a finished document, and what a filter decides about it
"""
