"""What every word of a strategy name means, and where it comes from."""

from __future__ import annotations

from ._axes import AXES, MIXTURES, NETWORKS

__all__ = ["MEANINGS", "describe_strategies"]

MEANINGS: dict[str, str] = {
    "independent": "one network a property",
    "shared": "hard sharing: one trunk, a head for every property",
    "relation": "learned task relation graph (Kang 2025, arXiv 2512.22740)",
    "relation-dynamic": "relation graph that depends on the input",
    "mmoe": "multi-gate mixture of experts (Ma et al. 2018)",
    "task-attention": "a mask over the shared features for every property (Liu et al. 2019)",
    "grouped": "a few shared networks, each for properties that get on (Fifty et al. 2021)",
    "warm": "trained on all properties, then tuned to each; +from=NAME: trained on one",
    "transfer": "a network for each property, in which the others count by learned ratios (after Lee 2024, "
    "arXiv 2410.00432)",
    "align": "transfer with the properties' latent spaces aligned (after GATE, arXiv 2310.06369)",
    "extended": "a new property's network, started from the shared layers of a finished run (advise --extend)",
    "task-mean": "a property's loss is the mean over its labels in the batch",
    "pair-sum": "every label counts the same",
    "proportional": "batches are random rows",
    "balanced": "every property is drawn equally often",
    "temperature": "properties are drawn by the square root of their label counts",
    "uniform": "equal weights",
    "inverse-count": "weights by one over the label counts",
    "sqrt-inverse-count": "weights by one over the square root of the label counts",
    "lds": "rare values weigh more: label distribution smoothing (Yang et al. 2021)",
    "bmc": "Balanced MSE against the labels of the batch (Ren et al. 2022)",
    "gai": "Balanced MSE against a mixture of Gaussians fitted to the labels",
    "bni": "Balanced MSE against a histogram of the labels",
    "fds": "features of rare values borrow from neighbouring values (Yang et al. 2021)",
    "class-weights": "rare classes weigh more",
    "focal": "easy classes weigh less (Lin et al. 2017)",
    "sum": "gradients are added",
    "gradnorm": "gradient lengths steered to a common training rate (Chen et al. 2018)",
    "uncertainty": "weights from learned noise (Kendall et al. 2018)",
    "dwa": "more weight where the loss falls slowly (Liu et al. 2019)",
    "famo": "equal relative decrease of all losses (Liu et al. 2023)",
    "pcgrad": "gradient surgery (Yu et al. 2020)",
    "gradvac": "gradients turned to their usual cosine (Wang et al. 2021)",
    "mgda": "shortest point of the hull (Sener and Koltun 2018)",
    "cagrad": "best worst case near the mean (Liu et al. 2021)",
    "imtl-g": "equal projections on all gradients (Liu et al. 2021)",
    "nash": "bargaining solution (Navon et al. 2022)",
    "aligned": "equal singular values (Senushkin et al. 2023)",
    "upgrad": "each gradient made harmless, then averaged (Quinton and Rey 2024)",
    "config": "equal cosines to all gradients (Liu et al. 2024)",
    "fairgrad": "alpha-fair shares of the decrease (Ban and Ji 2024)",
    "average": "gradients are averaged over the properties of the batch; an ablation, in no set",
    "pcgrad-average": "pcgrad's copies averaged; an ablation",
    "pcgrad-length": "gradients added, as long as pcgrad's step; an ablation",
    "pcgrad-direction": "pcgrad's step, as long as the sum; an ablation",
    "joint": "all properties keep the best common epoch",
    "per-task": "every property keeps trunk and head of its own best epoch (ACS 2025)",
    "layernorm": "layer normalisation in the shared layers",
    "w32": "32 units in each shared layer; likewise w64, w128, w256, w512",
    "zero": "the graph starts at 0, as hard sharing",
    "spread": "the graph starts at one over the number of properties",
    "l1": "a penalty on the graph",
    "gradients": "grouped by the gradients of one shared network",
    "pairs": "grouped by what properties gain from each other two by two",
    "n2": "at most two networks; likewise n3, n4, n6, n8",
    "frozen": "only the heads are tuned",
    "learned": "ratios by networks of random subsets of the properties",
    "one-step": "ratios by what the next training step would do; short-sighted",
    "equal": "every other property counts the same",
    "alone": "no other property counts",
    "correlated": "others count by the correlation of their labels",
    "mixed": "half of the networks go on from one of all properties, half start afresh",
    "pretrained": "all go on from a network of all properties",
    "scratch": "all start afresh",
    "tied": "properties that resemble each other share one ratio",
    "blend": "LightGBM with the network that is best on inner validation",
    "ensemble": "everything fitted but mean and nearest, by greedy selection (Caruana et al. 2004)",
}
"""Words not listed mean what the one before them says."""

_TITLES = {
    "reduction": "what a property's loss is",
    "sampling": "what a batch holds",
    "task_weights": "fixed weights of properties",
    "labels": "weights of continuous labels",
    "features": "features",
    "classes": "weights of classes",
    "rule": "how gradients are combined on the shared layers",
    "checkpoint": "which epoch is kept",
    "norm": "normalisation",
    "width": "width",
    "start": "start of a relation graph",
    "penalty": "penalty of a relation graph",
    "affinity": "how a grouped strategy finds its groups",
    "networks": "networks of a grouped strategy",
    "tuned": "what a warm start tunes",
    "ratios": "how much the others count in a transfer",
    "begin": "where a transfer starts",
    "tied": "ratios of a transfer",
    "mixture": "mixed of what the others have fitted; nothing is trained for them",
}


def describe_strategies() -> list[tuple[str, list[tuple[str, str]]]]:
    """Headings, and under each the words with their meanings; architectures first, mixtures last."""
    sections = {"architecture": NETWORKS, **AXES, "mixture": MIXTURES}
    return [
        (_TITLES.get(axis, axis), [(word, MEANINGS[word]) for word in words if word in MEANINGS])
        for axis, words in sections.items()
    ]
