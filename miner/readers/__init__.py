"""Every input format as batches of reports: :func:`survey` looks at the inputs, :func:`batches` reads them."""

from miner.readers.batches import BATCH_BYTES, BATCH_ROWS, Batch, Broken, batches, texts
from miner.readers.source import Source
from miner.readers.survey import Survey, survey

__all__ = ["BATCH_BYTES", "BATCH_ROWS", "Batch", "Broken", "Source", "Survey", "batches", "survey", "texts"]
