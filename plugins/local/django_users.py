"""`python -I django_users.py`: create Label Studio users with given passwords and tokens, inside its own Django.

Label Studio's API cannot do it: it drops passwords and chooses tokens. Reads a JSON list of `{"email", "password",
"token"}` from standard input and writes, as the last line of its output, the list of their ids in the same order.
A user that is there already keeps its password. The first user ever created owns the organisation.
"""

from __future__ import annotations

import json
import os
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

_ROUNDS = 1000


def main() -> None:
    """Create the users of standard input."""
    # Label Studio imports its own applications as top-level packages.
    sys.path.insert(0, str(Path(str(import_module("label_studio").__file__)).parent))
    os.environ["DJANGO_SETTINGS_MODULE"] = "label_studio.core.settings.label_studio"
    import_module("django").setup()
    ids = [_create(**user) for user in json.load(sys.stdin)]
    sys.stdout.write(f"\n{json.dumps(ids)}\n")


def _create(email: str, password: str, token: str) -> int:
    users = import_module("users.models").User.objects
    tokens = import_module("rest_framework.authtoken.models").Token.objects
    with import_module("django.db").transaction.atomic():
        user = users.filter(email=email).first() or users.create_user(email=email, password=None)
        if not user.has_usable_password():
            user.password = _hashed(password)
        user.active_organization = _organisation(user)
        user.save(update_fields=["active_organization", "password"])
        tokens.filter(user=user).exclude(key=token).delete()
        tokens.get_or_create(user=user, key=token)
    return int(user.id)


def _hashed(password: str) -> str:
    """The password hashed with few rounds, for the sake of many accounts; the first login hashes it again in full.

    Few rounds do for passwords drawn at random on the machine that keeps them.
    """
    hashers = import_module("django.contrib.auth.hashers")
    return str(hashers.PBKDF2PasswordHasher().encode(password, hashers.get_random_string(22), iterations=_ROUNDS))


def _organisation(user: Any) -> Any:
    organisations = import_module("organizations.models").Organization
    organisation = organisations.objects.first()
    if organisation is None:
        return organisations.create_organization(created_by=user, title="Concord", legacy_api_tokens_enabled=True)
    organisation.add_user(user)
    return organisation


if __name__ == "__main__":
    main()
