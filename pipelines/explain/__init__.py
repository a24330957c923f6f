"""What happened to one page in a run, asked of the functions that decided it, in reading order.

explanation  what is told of a page: its records, its lines, its way through each variant
runs         the runs that options name, and the job of each
work         a run's work folder, read
records      the record of a page, read again from its WET file
captures     the captures of a URL, and which is the newest
duplicates   the lines of a page that other pages keep
details      what a rule decided by, in a few words
decisions    the way of a page through a variant
near         URLs of a run that are near one that it does not have
question     one URL asked of one run
again        the work of a run made again from its input, where it is gone
texts        a text alone, asked about as the one page of a run
shown        an explanation as text and as JSON
"""
