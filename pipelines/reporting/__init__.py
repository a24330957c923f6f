"""The page of a run, which shows what its filters did, in reading order.

published  table: figures of C4 as released
folder     what the files of a run's folder say
funnel     the pages and lines that each rule of a variant took
markup     HTML of untrusted text, in which nothing loads or runs
style      the style of the page
tables     tables, bars and histograms
sections   what is shown of each variant
dropped    the dropped pages, with their dropped lines marked
page       the page, put together and written
"""
