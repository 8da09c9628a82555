"""The attribution methods by name. A new one is a file of its own and one more entry here."""

from __future__ import annotations

from core.errors import InvalidSettingError
from core.interpretability.attribution.ablation import ABLATION
from core.interpretability.attribution.deconvolution import DECONVOLUTION
from core.interpretability.attribution.deeplift import DEEPLIFT
from core.interpretability.attribution.deeplift_shap import DEEPLIFT_SHAP
from core.interpretability.attribution.gradcam import GRADCAM
from core.interpretability.attribution.gradient_shap import GRADIENT_SHAP
from core.interpretability.attribution.guided_backprop import GUIDED_BACKPROP
from core.interpretability.attribution.guided_gradcam import GUIDED_GRADCAM
from core.interpretability.attribution.input_x_gradient import INPUT_X_GRADIENT
from core.interpretability.attribution.integrated_gradients import INTEGRATED_GRADIENTS
from core.interpretability.attribution.kernel_shap import KERNEL_SHAP
from core.interpretability.attribution.layercam import LAYERCAM
from core.interpretability.attribution.method import Method
from core.interpretability.attribution.occlusion import OCCLUSION
from core.interpretability.attribution.saliency import SALIENCY
from core.interpretability.attribution.smoothgrad import SMOOTHGRAD
from core.interpretability.attribution.vargrad import VARGRAD

METHODS: dict[str, Method] = {
    method.name: method
    for method in (
        *(SALIENCY, INPUT_X_GRADIENT, SMOOTHGRAD, VARGRAD),
        *(INTEGRATED_GRADIENTS, GRADIENT_SHAP, DEEPLIFT, DEEPLIFT_SHAP),
        *(GUIDED_BACKPROP, DECONVOLUTION),
        *(GRADCAM, LAYERCAM, GUIDED_GRADCAM),
        *(OCCLUSION, ABLATION, KERNEL_SHAP),
    )
}


def find_method(name: str) -> Method:
    """Return the method called `name`; InvalidSettingError if there is none."""
    if name not in METHODS:
        raise InvalidSettingError(f"there is no attribution method {name!r}", ", ".join(METHODS), "choose one of these")
    return METHODS[name]
