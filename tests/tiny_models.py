"""Tiny real models, made on the spot in a second or two: nothing is downloaded, and all are loaded as any model is."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from plugins.local.ports import HOST, free_port
from plugins.local.process import Process, installed_program

_START_TIMEOUT_S = 120
_CHAT_TEMPLATE = (
    "{% for message in messages %}<|{{ message['role'] }}|>{{ message['content'] }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)
_CHAT_TOKENS = ["<|pad|>", "<|end|>", "<|system|>", "<|user|>", "<|assistant|>"]


def save_classifier(
    folder: Path, examples: Sequence[tuple[str, str]], *, multi_label: bool = False, longest: int = 32
) -> Path:
    """A BERT of one layer that was trained until it tells these (text, label) examples apart, in `folder`.

    Its words are those of the examples; any other word is unknown to it. `longest` is its length in tokens; with
    `multi_label` it gives each label a probability of its own.
    """
    import torch
    from transformers import BertForSequenceClassification

    labels = sorted({label for _, label in examples})
    tokenizer = _word_tokenizer([text for text, _ in examples], longest)
    config = _bert(
        len(tokenizer),
        longest,
        id2label=dict(enumerate(labels)),
        label2id={label: at for at, label in enumerate(labels)},
        problem_type="multi_label_classification" if multi_label else "single_label_classification",
    )
    with _seeded():
        model = BertForSequenceClassification(config)
        places = torch.tensor([labels.index(label) for _, label in examples])
        wanted = torch.nn.functional.one_hot(places, len(labels)).float() if multi_label else places
        batch = tokenizer([text for text, _ in examples], padding=True, truncation=True, return_tensors="pt")
        _train(model, {**batch, "labels": wanted}, enough=0.02)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def save_sentence_transformer(folder: Path, texts: Sequence[str], *, longest: int = 64) -> Path:
    """A SentenceTransformer that gives texts with the same words the same vector, in `folder`.

    Its words are those of `texts`: texts in other words are all the same to it, as they are to a real model in a
    language it never saw.
    """
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from torch.nn import init
    from transformers import BertModel

    tokenizer = _word_tokenizer(texts, longest)
    with _seeded():
        model = BertModel(_bert(len(tokenizer), longest))
    # Nothing but the words counts, or texts of few words would all be alike.
    init.zeros_(model.embeddings.position_embeddings.weight)
    init.zeros_(model.embeddings.token_type_embeddings.weight)
    model.save_pretrained(folder / "bert")
    tokenizer.save_pretrained(folder / "bert")
    words = Transformer(str(folder / "bert"), max_seq_length=longest)
    pooling = Pooling(words.get_embedding_dimension(), pooling_mode="mean")
    SentenceTransformer(modules=[words, pooling], device="cpu").save(str(folder / "model"))
    return folder / "model"


def save_chat_model(folder: Path, examples: Sequence[tuple[str, str]], *, longest: int = 2048) -> Path:
    """A Llama of two layers that was trained until it gives each of these prompts its reply, in `folder`.

    It reads any text (bytes, merged as the examples merge them) and says something to any prompt.
    """
    from transformers import LlamaConfig, LlamaForCausalLM

    tokenizer = _chat_tokenizer([text for example in examples for text in example], longest)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=longest,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
    )
    with _seeded():
        model = LlamaForCausalLM(config)
        _train(model, _chat_batch(tokenizer, examples), enough=0.02)
    model.generation_config.max_new_tokens = 200
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """`transformers serve` on a free port until the block ends, as a base URL with its `/v1`; it starts in 8 to 20 s.

    A request names its model by the path of its folder; a model is loaded when it is first asked for.
    """
    port = free_port()
    (folder / "hub").mkdir(parents=True)
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "HF_HUB_CACHE": str(folder / "hub"),  # it answers 500 to /v1/models where this folder is missing
        "HF_HUB_OFFLINE": "1",
        "OMP_NUM_THREADS": "1",
    }
    command = [installed_program("transformers"), "serve", "--device", "cpu", "--host", HOST, "--port", str(port)]
    with Process("transformers serve", command, log=folder / "serve.log", env=env) as process:
        process.wait_until_ready(f"http://{HOST}:{port}/health", timeout_s=_START_TIMEOUT_S)
        yield f"http://{HOST}:{port}/v1"


def _bert(vocabulary: int, longest: int, **more: Any) -> Any:
    from transformers import BertConfig

    return BertConfig(
        vocab_size=vocabulary,
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=longest,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        **more,
    )


def _word_tokenizer(texts: Sequence[str], longest: int) -> Any:
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    words = Tokenizer(models.WordLevel(unk_token="[UNK]"))
    words.normalizer = normalizers.Lowercase()
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    words.train_from_iterator(texts, trainers.WordLevelTrainer(special_tokens=["[PAD]", "[UNK]"]))
    return PreTrainedTokenizerFast(
        tokenizer_object=words, model_max_length=longest, pad_token="[PAD]", unk_token="[UNK]"
    )


def _chat_tokenizer(texts: Sequence[str], longest: int) -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    pieces = Tokenizer(models.BPE())
    pieces.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    pieces.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=600, special_tokens=_CHAT_TOKENS, initial_alphabet=alphabet)
    pieces.train_from_iterator(texts, trainer)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=pieces, model_max_length=longest, pad_token="<|pad|>", eos_token="<|end|>"
    )
    tokenizer.chat_template = _CHAT_TEMPLATE
    return tokenizer


def _chat_batch(tokenizer: Any, examples: Sequence[tuple[str, str]]) -> Mapping[str, Any]:
    """Prompts with their replies; only the replies are learnt."""
    import torch

    prompts = [
        tokenizer.apply_chat_template([{"role": "user", "content": prompt}], add_generation_prompt=True, tokenize=False)
        for prompt, _ in examples
    ]
    whole = [prompt + reply + "<|end|>" for prompt, (_, reply) in zip(prompts, examples, strict=True)]
    batch = tokenizer(whole, padding=True, padding_side="right", return_tensors="pt")
    labels = batch["input_ids"].masked_fill(batch["attention_mask"] == 0, -100)
    for row, prompt in zip(labels, prompts, strict=True):
        row[: len(tokenizer(prompt)["input_ids"])] = -100
    return {"input_ids": batch["input_ids"], "attention_mask": batch["attention_mask"], "labels": labels.to(torch.long)}


@contextmanager
def _seeded() -> Iterator[None]:
    """The same weights each time, on one thread."""
    import torch

    with torch.random.fork_rng():
        torch.manual_seed(1)
        torch.set_num_threads(1)
        yield


def _train(model: Any, batch: Mapping[str, Any], *, enough: float) -> None:
    """Until the loss is below `enough`; a model that does not learn fails the test."""
    import torch

    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
    model.train()
    for _ in range(600):
        optimizer.zero_grad()
        loss = model(**batch).loss
        if loss.item() < enough:
            model.eval()
            return
        loss.backward()
        optimizer.step()
    raise AssertionError(f"the tiny model did not learn its examples: loss {loss.item():.3f}")
