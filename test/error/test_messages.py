"""Every message that the sources can give to a user is quoted by a test. A new one without a test fails here."""
from messages import messages, quotes

# Messages that no input brings about, and why. Everything else needs a test.
SYSTEM = "only a system without memory, files or permissions brings it about, and root has all permissions"
UNTESTED = {
    "cannot make a temporary file in memory": SYSTEM,
    "cannot read a temporary file of the link": SYSTEM,
    "cannot make a temporary folder": SYSTEM,
    "cannot make a context": SYSTEM,
    "cannot remove": SYSTEM,
    "cannot be mapped": SYSTEM,
    "strings are in the processor": "needs a device, and strings in its memory",
    "cannot be read": SYSTEM,
    "lies in a folder that cannot be opened": SYSTEM,
    "this machine runs no level that Quern compiles for; name a target": "needs another CPU; test/runtime masks features instead",
    "needs a folder, but the model was given as bytes; compile the file": "for programs that link the compiler; the commands give paths",
}


def test_messages_are_found():
    """The patterns of messages.py still see the sources."""
    found = messages()
    assert len(found) > 350
    assert {message.file.split("/")[0] for message in found} == {"codegen", "compiler", "dialects", "frontends", "passes", "runtime"}


def test_every_message_is_quoted_by_a_test():
    quoted = quotes()
    missing = [f"{message.file}:{message.line}: {message.text}" for message in messages()
               if message.piece not in quoted and not any(text in message.text for text in UNTESTED)]
    assert missing == []


# What may begin a message with a capital.
NAMES = {"X,", "R", "Scan"}


def test_messages_are_one_line_in_lower_case():
    for text in (message.text.strip() for message in messages()):
        assert "\n" not in text and not text.endswith("."), text
        assert not text[0].isupper() or text.split()[0] in NAMES, text


def test_exceptions_are_needed():
    """What no source says any more is no exception."""
    texts = [message.text for message in messages()]
    assert [text for text in UNTESTED if not any(text in message for message in texts)] == []
