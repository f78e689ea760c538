"""Hostile submissions, in families, each made out of the released notebook of any lab."""

from tests.attacks.hostile.browser import BROWSER
from tests.attacks.hostile.escaping import ESCAPING
from tests.attacks.hostile.exhaustion import EXHAUSTION
from tests.attacks.hostile.forging import FORGING
from tests.attacks.hostile.killing import KILLING
from tests.attacks.hostile.metadata import METADATA
from tests.attacks.hostile.names import NAMES
from tests.attacks.hostile.persistence import PERSISTENCE
from tests.attacks.hostile.protocol import PROTOCOL
from tests.attacks.hostile.secrets import SECRETS

HOSTILE = [*FORGING, *SECRETS, *ESCAPING, *EXHAUSTION, *KILLING, *PERSISTENCE, *PROTOCOL,
           *METADATA, *NAMES, *BROWSER]  # fmt: skip
