"""Gradients of one step: plain, with weights known above the shared layers, or with weights read off the Gram."""

from __future__ import annotations

from torch import Tensor

from ..gram import last_norms, pair_gram, task_gram, write_weighted_pairs, write_weighted_tasks
from ..nets import (
    Batch,
    Network,
    Scratch,
    TopGradients,
    Trace,
    Views,
    Weights,
    backward_rows,
    pair_records,
    task_gradients,
)
from ._align_run import AlignRun
from ._features import FeatureSmoothing
from ._objective import Objective
from ._ratio_run import RatioRun
from ._rule_run import RuleRun

__all__ = ["Stepper"]


class Stepper:
    """Forward and backward passes of one epoch of a stack.

    Parameters
    ----------
    network
        Layouts.
    views, out
        Parameters, and where their gradients go.
    inputs
        ``(n_data * n_rows, n_inputs + 1)``, the last column 1.
    objective
        What pairs cost.
    rule
        Decides on the shared layers; a plain sum without one.
    smoothing
        Calibrates features; nobody does without one.
    frozen
        Whether the shared layers need no gradients.
    ratios
        Scale the sources' gradients on the shared layers; nobody does without.
    alignment
        Adds what aligns latent spaces, in plain steps; nobody does without.
    """

    def __init__(
        self,
        network: Network,
        views: Views,
        out: Views,
        inputs: Tensor,
        objective: Objective,
        rule: RuleRun | None,
        smoothing: FeatureSmoothing | None,
        *,
        frozen: bool = False,
        ratios: RatioRun | None = None,
        alignment: AlignRun | None = None,
    ) -> None:
        self.ratios, self.alignment = ratios, alignment
        self.network, self.views, self.out, self.inputs = network, views, out, inputs
        self.objective, self.rule, self.smoothing, self.frozen = objective, rule, smoothing, frozen
        self._scratch = Scratch()

    def gradients(self, number: int, batch: Batch) -> tuple[Tensor, Weights]:
        """Outputs of the batch's slots, and the gradients of step ``number`` (from 0)."""
        trace = self._forward(batch)
        d = self.objective.gradients(trace.outputs, batch)
        heads, top = self.network.backward_heads(self.views, trace, batch, d, self.out)
        gradients = Weights(self.out.weights.trunk, heads)
        if self.frozen:
            return trace.outputs, gradients
        if self.ratios is not None:
            self.ratios.look(number, trace, batch, top)
            top = self.ratios.scaled(top, batch)
        if self.rule is None:
            extra = None if self.alignment is None else self.alignment.add(number, trace, batch, gradients)
            backward_rows(self.network, self.views, trace, batch, top, self.out, extra)
        elif self.rule.needs_gram:
            self._weigh_by_gram(self.rule, number, trace, batch, top)
        else:
            backward_rows(
                self.network, self.views, trace, batch, self._weighed(self.rule, number, trace, batch, top), self.out
            )  # fmt: skip
        return trace.outputs, gradients

    def look_back(self, batch: Batch) -> None:
        """Tell the rule what the step did to the batch's losses, where it asks."""
        if self.rule is not None and self.rule.looks_back:
            outputs = self._forward(batch).outputs
            self.rule.look_back(self.objective.losses(outputs, batch), batch)

    def _forward(self, batch: Batch) -> Trace:
        rows = self.inputs.index_select(0, batch.rows)
        trunk = self.network.run_trunk(self.views, rows, batch.n_members)
        calibration = None if self.smoothing is None else self.smoothing.calibration(batch)
        return self.network.forward(self.views, trunk, batch, calibration)

    def _losses(self, rule: RuleRun, trace: Trace, batch: Batch) -> Tensor | None:
        return self.objective.losses(trace.outputs, batch) if rule.needs_losses else None

    def _weigh_by_gram(
        self, rule: RuleRun, number: int, trace: Trace, batch: Batch, top: TopGradients
    ) -> None:
        assert batch.pairs is not None
        losses = self._losses(rule, trace, batch)
        shared = [layer.weight for layer in self.out.trunk(batch.n_members)]
        if batch.pairs.by_task:
            tasks = task_gradients(self.network, self.views, trace, batch, top, self._scratch)
            write_weighted_tasks(tasks, rule.weigh(number, task_gram(tasks), losses, batch), shared)
            return
        records = pair_records(self.network, self.views, trace, batch, top)
        write_weighted_pairs(records, rule.weigh(number, pair_gram(records), losses, batch), shared)

    def _weighed(
        self, rule: RuleRun, number: int, trace: Trace, batch: Batch, top: TopGradients
    ) -> TopGradients:
        """Gradients above the shared layers times weights that need nothing from below."""
        norms = None
        if rule.needs_last:
            norms = last_norms(self.network, self.views, trace, batch, top)
        weights = rule.weigh(number, norms, self._losses(rule, trace, batch), batch)
        assert batch.pairs is not None and batch.slot_owner is not None
        return top.scaled(weights.flatten().index_select(0, batch.slot_owner))
