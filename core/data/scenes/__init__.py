"""Generated scenes: one target object among others on textured ground, with its exact mask and box."""

from core.data.scenes.compose import CLASSES, SIZE, VERSION, Scene, scene
from core.data.scenes.source import ScenesSource

__all__ = ["CLASSES", "SIZE", "VERSION", "Scene", "ScenesSource", "scene"]
