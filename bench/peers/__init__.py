"""Retrieval against what others would pick: LangChain, LlamaIndex, txtai, bm25s over jieba.

    python -m bench.peers [--queries N] [--sets NAME …] [--systems NAME …]      or: make peers

The same documents, questions and encoder for all, each set up as its own documentation's first
example says (what that is stands in its file and below the table), in one run and one table.

- Documents are those of ../shared/eval/retrieval. A peer gets title and text as one string with a
  line break between them, as a user would do; ours gets the rows of the file.
- The encoder is the bundled one, 384 dimensions, at most 512 tokens a text, unit vectors, with its
  prefixes for questions and passages. Peers get raw text: folding script, case and width is work of
  ours, not of the encoder, and nothing in their documentation does it.
- A question is hit if a relevant document is among the first k. Documents rank by their first
  passage among 50; ours by its ten hits, the least that a search gives.
- Milliseconds are those of one question at a time, its encoding included. Encoding is measured by
  itself for the peers, since their vectors are kept. Seconds to index leave encoding out.
- Vectors are kept in .bench/peers by the hash of their text; a second run encodes questions only.

What the peers need stands in requirements.txt beside this file, for a virtual environment of their
own: they are heavy. One that is not installed has a row that says so.
"""
