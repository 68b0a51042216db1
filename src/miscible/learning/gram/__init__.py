"""The Gram of the task gradients on the shared layers, and the weighted step it leads to."""

from ._form import cheaper_form
from ._last import last_norms
from ._pairs import pair_gram, pair_products, write_weighted_pairs
from ._tasks import task_gram, write_weighted_tasks
from ._unbiased import UnbiasedGram, unbiased_gram, unbiased_grams

__all__ = [
    "UnbiasedGram",
    "cheaper_form",
    "last_norms",
    "pair_gram",
    "pair_products",
    "task_gram",
    "unbiased_gram",
    "unbiased_grams",
    "write_weighted_pairs",
    "write_weighted_tasks",
]
