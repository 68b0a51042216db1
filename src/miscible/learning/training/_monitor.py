"""Who is best so far, who stops, and who is raced out."""

from __future__ import annotations

import numpy as np

__all__ = ["DIVERGED_LOSS", "Monitor"]

DIVERGED_LOSS = 1e6
"""Mean validation loss beyond which a member counts as diverged; labels have about unit variance."""


class Monitor:
    """Scores of all members of a population over the epochs.

    A member's score is the mean validation loss of its tasks that have both training and validation labels;
    where no task has both, the mean training loss stands in.

    Parameters
    ----------
    scored
        ``(n_members, n_heads)`` whether a head's validation loss counts.
    races
        ``(n_members,)`` racing groups.
    patience
        Epochs without improvement before a member stops.
    finalists
        Members of a group that racing never removes.
    """

    def __init__(self, scored: np.ndarray, races: np.ndarray, patience: int, finalists: int) -> None:
        n_members, n_heads = scored.shape
        self.scored = scored
        self.races = races
        self.patience = patience
        self.finalists = finalists
        self.best_score = np.full(n_members, np.inf)
        self.best_epoch = np.full(n_members, -1)
        self.best_head_score = np.full((n_members, n_heads), np.inf)
        self.best_head_epoch = np.full((n_members, n_heads), -1)
        self.reason: list[str | None] = [None] * n_members
        self.diverged = np.zeros(n_members, bool)
        self.in_race = np.ones(n_members, bool)

    @property
    def alive(self) -> np.ndarray:
        """Members that still train, ascending."""
        return np.array([k for k, reason in enumerate(self.reason) if reason is None], dtype=np.int64)

    def stop(self, member: int, reason: str, *, diverged: bool = False) -> None:
        """End a member's training."""
        self.reason[member] = reason
        if diverged:
            self.diverged[member] = True
            self.in_race[member] = False

    def record(
        self, epoch: int, members: np.ndarray, train: np.ndarray, valid: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Take one epoch's losses.

        Parameters
        ----------
        epoch
            From 0.
        members
            Who trained and did not diverge.
        train, valid
            ``(len(members), n_heads)`` losses.

        Returns
        -------
        tuple
            ``(len(members),)`` whose score is the best so far; ``(len(members), n_heads)`` whose head's is.
            Heads without a validation score follow the member's.
        """
        scores = self._scores(members, train, valid)
        better = scores < self.best_score[members]
        self.best_score[members] = np.where(better, scores, self.best_score[members])
        self.best_epoch[members] = np.where(better, epoch, self.best_epoch[members])
        own = np.where(self.scored[members], valid, scores[:, None])
        head_better = own < self.best_head_score[members]
        self.best_head_score[members] = np.where(head_better, own, self.best_head_score[members])
        self.best_head_epoch[members] = np.where(head_better, epoch, self.best_head_epoch[members])
        for member, score in zip(members.tolist(), scores, strict=True):
            if not score <= DIVERGED_LOSS:
                self.stop(member, f"diverged in epoch {epoch + 1}", diverged=True)
            elif epoch - self.best_epoch[member] >= self.patience:
                self.stop(member, "patience")
        return better, head_better

    def halve(self, epoch: int) -> None:
        """Keep the better half of every racing group; ties go to the member named first."""
        for race in np.unique(self.races[self.in_race]):
            runners = np.flatnonzero((self.races == race) & self.in_race)
            kept = max(self.finalists, -(-len(runners) // 2))
            ranking = runners[np.argsort(self.best_score[runners], kind="stable")]
            for loser in ranking[kept:].tolist():
                self.in_race[loser] = False
                if self.reason[loser] is None:
                    self.stop(loser, f"raced out at epoch {epoch + 1}")

    def _scores(self, members: np.ndarray, train: np.ndarray, valid: np.ndarray) -> np.ndarray:
        scored = self.scored[members]
        sums = np.where(scored, valid, 0.0).sum(axis=1)
        with_valid = sums / np.maximum(scored.sum(axis=1), 1)
        trained = np.isfinite(train) | np.isinf(train)
        fallback = np.where(trained, train, 0.0).sum(axis=1) / np.maximum(trained.sum(axis=1), 1)
        return np.where(scored.any(axis=1), with_valid, fallback)
