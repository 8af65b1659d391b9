"""The bytes that tests/fakes/append_line.cpp prints for an id, computed a second time."""

MASK = (1 << 64) - 1


def fnv1a(text):
    value = 0xCBF29CE484222325
    for byte in text.encode():
        value = ((value ^ byte) * 0x100000001B3) & MASK
    return value


LETTERS = bytes(ord("a") + byte % 26 for byte in range(256))


def expected_output(command_id, count, text=False):
    """The first `count` bytes; with `text` each as a letter."""
    state = fnv1a(command_id)
    numbers = []
    for _ in range((count + 7) // 8):
        state = (state + 0x9E3779B97F4A7C15) & MASK
        z = state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        numbers.append((z ^ (z >> 31)).to_bytes(8, "little"))
    printed = b"".join(numbers)[:count]
    return printed.translate(LETTERS) if text else printed
