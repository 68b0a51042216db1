"""scikit-learn estimators around one network strategy; NaN in y means not measured."""

from ._classifier import MultiTaskClassifier
from ._regressor import MultiTaskRegressor

__all__ = ["MultiTaskClassifier", "MultiTaskRegressor"]
