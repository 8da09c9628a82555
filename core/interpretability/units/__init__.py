"""What every unit of a network does over many images, from one pass over them.

`collect.collect` makes an `activity.Activity`, `collect.find_activity` reads one that is there, and `maps.unit_maps`
shows where in an image a unit is active.
"""
