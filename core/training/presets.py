"""Named ways to retrain. A new one is one more entry."""

from __future__ import annotations

from dataclasses import dataclass, replace

from core.training.retraining import NONE, Retraining


@dataclass(frozen=True)
class Preset:
    """A named way to retrain."""

    name: str
    title: str
    meaning: str
    retraining: Retraining


_RECALIBRATE = Retraining(epochs=0, optimiser=NONE, recalibrate=True)
_PUBLISHED = Retraining(
    images=None, epochs=10, learning_rate=0.01, schedule="exponential", decay=0.9, batch=128, crop=0.08, size=1.0
)
PRESETS: dict[str, Preset] = {
    preset.name: preset
    for preset in (
        Preset("quick", "Quick", "two short epochs: minutes on a laptop", Retraining()),
        Preset("recalibrate", "Re-calibrate only", "batch norm's statistics anew, no training: seconds", _RECALIBRATE),
        Preset(
            "published-sgd-10", "Published SGD, 10 epochs", "the study's recipe: SGD, 0.01 x 0.9 an epoch", _PUBLISHED
        ),
        Preset(
            "published-sgd-50",
            "Published SGD, 50 epochs",
            "the study's recipe, its long version",
            replace(_PUBLISHED, epochs=50),
        ),
        Preset(
            "published-adam",
            "Published Adam",
            "the study's recipe by Adam, learning rate 0.001",
            replace(_PUBLISHED, optimiser="adam", learning_rate=0.001),
        ),
    )
}
