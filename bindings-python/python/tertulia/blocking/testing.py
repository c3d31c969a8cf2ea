"""For your own tests: a stand-in for the platform on a port of this machine, and a clock that is set by hand."""

from tertulia.blocking import ManualClock, Platform

__all__ = ["ManualClock", "Platform"]
