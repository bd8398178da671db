"""`concord screen embedding-head`."""

from __future__ import annotations

from pathlib import Path

import click
from tqdm import tqdm

from ml_backend.errors import ScreenFailed
from ml_backend.local_model import Weights, explained


@click.command(name="embedding-head")
@click.argument("labels", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("head", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--model", required=True, help="The folder of a sentence-transformers model, or its name.")
@click.option("--revision", help="The commit of a named model.")
def embedding_head(labels: Path, head: Path, model: str, revision: str | None) -> None:
    """Train a head on sentence embeddings for the toxicity provider embedding_head.

    LABELS has a JSON object a line: text, and label, which is a harm category of safety_moderation or safe. HEAD is the
    file to write, for the option `head` in the settings; it is good for this very model only. For each category the
    answer says how well it was told from all others on texts held out: the AUC with its 95 % interval.

    \b
    Example:
        concord screen embedding-head labels.jsonl heads/harm.npz --model ./models/sentences
    """
    # Imported here: scikit-learn takes seconds to load, which every command would pay.
    from ml_backend.screens.toxicity.embedding_head import Embedder  # noqa: PLC0415
    from ml_backend.screens.toxicity.head_training import read_labelled, train_head  # noqa: PLC0415

    labelled, weights = read_labelled(labels), Weights(model, revision)
    if trouble := weights.trouble():
        raise ScreenFailed(trouble, fix="give its folder, or its name with --revision")
    with explained("the model cannot be loaded"):
        embedder = Embedder(weights)
    with tqdm(total=len(labelled.texts), unit=" texts", disable=None) as bar:
        trained = train_head(labelled, embedder, bar.update)
    trained.head.save(head)
    for code, value in trained.aucs.items():
        click.echo(f"{code}: {trained.counts[code]} of {len(labelled.texts)} texts, AUC {value}")


commands: list[click.Command] = [embedding_head]
