"""The toxicity providers in the settings file: each kind's options are read, and a mistake is named with its line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ml_backend.errors import InvalidSettings
from ml_backend.screens.toxicity.build import toxicity_screens
from ml_backend.settings import Settings, read_settings

OPERATORS = Path(__file__).parent.parent / "docs" / "operators.md"
SOUND = """\
models:
  aurora: {url: "http://127.0.0.1:9/v1", model: aurora-7b}
screens:
  toxicity:
    - name: local
      kind: classifier
      model: ./harm
      labels: {toxic: hate, threat: violent_crimes}
      languages: [de, en]
    - {name: head, kind: embedding_head, model: a/b, revision: REVISION, head: heads/en.npz, languages: [en]}
    - {name: service, kind: moderation, url: "http://127.0.0.1:9/v1", model: moderator, key_env: MODERATION_KEY}
    - {name: judge, kind: judge, model: aurora}
"""


def _read(folder: Path, text: str) -> Settings:
    path = folder / "settings.yaml"
    path.write_text(text.replace("REVISION", "0123456789abcdef0123456789abcdef01234567"), "utf-8")
    return read_settings(path, {"MODERATION_KEY": "sk-this-is-secret"})


def test_the_options_of_each_kind_are_read(tmp_path: Path) -> None:
    """Folders and files are found beside the settings file, keys come from the environment and are not shown."""
    local, head, service, judge = _read(tmp_path, SOUND).toxicity
    assert (local.model, local.languages) == (str(tmp_path / "harm"), ("de", "en"))
    assert dict(local.labels) == {"toxic": "hate", "threat": "violent_crimes"}
    assert (head.model, head.revision, head.head) == (
        "a/b",
        "0123456789abcdef" * 2 + "01234567",
        tmp_path / "heads/en.npz",
    )
    assert service.endpoint is not None and judge.endpoint is not None
    assert (service.endpoint.model, service.endpoint.key, service.languages) == ("moderator", "sk-this-is-secret", None)
    assert judge.endpoint.model == "aurora-7b"
    assert "sk-this-is-secret" not in repr(service)


MISTAKES = {
    "a kind that does not exist": (
        "kind: judge",
        "kind: oracle",
        "12: screens.toxicity.3.kind: 'oracle'",
        "embedding_head",
    ),
    "an option of another kind": (
        "model: aurora}",
        "model: aurora, head: a.npz}",
        "12: screens.toxicity.3: ",
        "perhaps languages",
    ),
    "an option that is missing": (
        "model: ./harm\n      ",
        "",
        "5: screens.toxicity.0: 'model' is a required",
        "give name, kind, model",
    ),
    "a category that does not exist": (
        "toxic: hate",
        "toxic: rude",
        "8: there is no harm category 'rude'",
        "violent_crimes",
    ),
    "a language that is none": ("[de, en]", "[de-DE]", "9: screens.toxicity.0.languages.0: 'de-DE'", "e.g. de"),
    "a named model without its revision": (
        ", revision: REVISION",
        "",
        "10: the model 'a/b' has no revision",
        "add its revision",
    ),
    "a judge that is not among the models": (
        "judge, model: aurora",
        "judge, model: boreal",
        "12: there is no model 'boreal'",
        "aurora",
    ),
    "two of one name": (
        "name: head",
        "name: local",
        "10: two toxicity providers are called 'local'",
        "a name of its own",
    ),
    "a key that is not set": ("MODERATION_KEY", "OTHER_KEY", "11: ", "OTHER_KEY"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_named_with_line_and_fix(tmp_path: Path, mistake: str) -> None:
    """The message says where, what is wrong and what to give instead."""
    right, wrong, said, fix = MISTAKES[mistake]
    assert right in SOUND
    with pytest.raises(InvalidSettings) as refused:
        _read(tmp_path, SOUND.replace(right, wrong))
    (problem,) = refused.value.problems
    assert f"settings.yaml:{said}" in str(problem)
    assert fix in str(problem)


def test_the_settings_shown_to_operators_can_be_used(tmp_path: Path) -> None:
    """Every example of a settings file in the document is read, and its providers become screens."""
    blocks = re.findall(r"```yaml\n(.*?)```", OPERATORS.read_text("utf-8"), re.DOTALL)
    examples = [block for block in blocks if block.startswith(("models:", "screens:"))]
    keys = dict.fromkeys(re.findall(r"key_env: (\w+)", "".join(examples)), "sk-this-is-secret")
    names = []
    for example in examples:
        path = tmp_path / "settings.yaml"
        path.write_text(example, "utf-8")
        names += [screen.name for screen in toxicity_screens(read_settings(path, keys), tmp_path)]
    assert names == ["toxicity_posts", "toxicity_sentences", "toxicity_service", "toxicity_judge"]
