"""Three tables that combine freely: versions, architectures, and the published sizes of T5.

Each size has its published number of parameters; a test counts those of the network.
"""

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One row: the feed-forward activation and logits of a family (v1.1: Shazeer 2020).

    Attributes:
      name: as given to --version.
      activations: of the feed-forward block: one, or two that are multiplied (gated).
      tied: True if the token embedding gives the logits.
      meaning: one line for --help.
    """

    name: str
    activations: tuple[str, ...]
    tied: bool
    meaning: str


VERSIONS: dict[str, Version] = {
    row.name: row
    for row in (
        Version(
            name="v1.0",
            activations=("relu",),
            tied=True,
            meaning="ReLU, and one embedding for inputs, targets and logits: as in the paper",
        ),
        Version(
            name="v1.1",
            activations=("gelu", "linear"),
            tied=False,
            meaning="gated GELU, and separate parameters for the logits: T5 1.1 and mT5",
        ),
    )
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Architecture:
    """One row: the stacks of layers (Raffel et al. 2020, section 3.2, Table 2).

    Attributes:
      name: as given to --architecture.
      encoder: True if it has an encoder.
      shared: True if encoder and decoder share attention and feed-forward parameters.
      depth: share of the size's layers that each stack has.
      meaning: one line for --help.
    """

    name: str
    encoder: bool
    shared: bool = False
    depth: float = 1.0
    meaning: str


ARCHITECTURES: dict[str, Architecture] = {
    row.name: row
    for row in (
        Architecture(name="encoder_decoder", encoder=True, meaning="encoder and decoder: T5"),
        Architecture(
            name="encoder_decoder_shared",
            encoder=True,
            shared=True,
            meaning="encoder and decoder share their layers",
        ),
        Architecture(
            name="encoder_decoder_half",
            encoder=True,
            depth=0.5,
            meaning="encoder and decoder with half the layers of the size each",
        ),
        Architecture(name="decoder_lm", encoder=False, meaning="decoder only, causal"),
        Architecture(
            name="prefix_lm",
            encoder=False,
            meaning="decoder only, with bidirectional attention in its inputs",
        ),
    )
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """One row: the dimensions of a published model.

    Attributes:
      name: as given to --size.
      version: of VERSIONS.
      layers: of each stack.
      emb_dim: features of a token.
      heads: attention heads.
      head_dim: features of a head.
      mlp_dim: features inside the feed-forward block.
      vocab_size: rows of the published embedding; a run has those of its own vocabulary.
      parameters: of the published encoder-decoder.
      source: the publication.
    """

    name: str
    version: str
    layers: int
    emb_dim: int
    heads: int
    head_dim: int
    mlp_dim: int
    vocab_size: int = 32128
    parameters: int
    source: str

    @property
    def meaning(self) -> str:
        """One line for --help."""
        millions = f"{self.parameters / 1e6:,.1f}M"
        return f"{millions} parameters, {self.layers} layers, emb_dim {self.emb_dim}"


def stack_layers(size: Size, architecture: str) -> int:
    """Number of layers of each stack."""
    return max(round(size.layers * ARCHITECTURES[architecture].depth), 1)


def _size(
    name: str, version: str, dims: tuple[int, int, int, int, int], parameters: int, source: str
) -> Size:
    layers, emb_dim, heads, head_dim, mlp_dim = dims
    return Size(
        name=name, version=version, layers=layers, emb_dim=emb_dim, heads=heads,
        head_dim=head_dim, mlp_dim=mlp_dim, parameters=parameters, source=source,
    )  # fmt: skip


_T5, _T511, _MT5 = "Raffel et al. 2020, 3.7", "t5x, t5_1_1", "Xue et al. 2021, 3.1"
_V11 = (
    # layers, emb_dim, heads, head_dim, mlp_dim
    ("small", (8, 512, 6, 64, 1024), 76_961_152, 300_176_768),
    ("base", (12, 768, 12, 64, 2048), 247_577_856, 582_401_280),
    ("large", (24, 1024, 16, 64, 2816), 783_150_080, 1_229_581_312),
    ("xl", (24, 2048, 32, 64, 5120), 2_849_757_184, 3_742_619_648),
    ("xxl", (24, 4096, 64, 64, 10240), 11_135_332_352, 12_921_057_280),
)
SIZES: dict[str, Size] = {
    row.name: row
    for row in (
        _size("tiny", "v1.1", (2, 64, 4, 16, 128), 4_310_016, "c4forge: for tests and trials"),
        _size("small", "v1.0", (6, 512, 8, 64, 2048), 60_506_624, _T5),
        _size("base", "v1.0", (12, 768, 12, 64, 3072), 222_903_552, _T5),
        _size("large", "v1.0", (24, 1024, 16, 64, 4096), 737_668_096, _T5),
        _size("3B", "v1.0", (24, 1024, 32, 128, 16384), 2_851_598_336, _T5),
        _size("11B", "v1.0", (24, 1024, 128, 128, 65536), 11_307_321_344, _T5),
        *(_size(f"v1.1-{name}", "v1.1", dims, count, _T511) for name, dims, count, _ in _V11),
        *(
            replace(_size(f"mt5-{name}", "v1.1", dims, count, _MT5), vocab_size=250112)
            for name, dims, _, count in _V11
        ),
    )
}
