// A precompiled header needs one source of its target.
