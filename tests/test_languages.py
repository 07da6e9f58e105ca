"""Languages other than English: scripts without spaces, case or ASCII, and other tokenizers."""

import functools
import json
import os
import pickle
from importlib import import_module
from pathlib import Path

import jieba
import numpy as np
import pyarrow.parquet as pq
import pytest
import spacy
from confection import Config
from gensim.models import KeyedVectors
from helpers_cli import w2v, w2v_here
from helpers_corpus import arrow, batch_of, expected_sentences, sentences_of
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr

import spacy_w2v
from spacy_w2v._system.tables import aligned
from spacy_w2v.config._schema import TokensSettings
from spacy_w2v.corpus._fingerprint import tokenizer_fingerprint
from spacy_w2v.tokenization import _encode as encode
from spacy_w2v.tokenization._documents import DocumentEncoder
from spacy_w2v.tokenization._encode import encode_stream, make_encoder
from spacy_w2v.tokenization._pretoken_encoder import PretokenEncoder

DATA = Path(os.environ.get("SPACY_W2V_TEST_DATA", Path(__file__).parents[2] / "shared" / "data"))
CONFIGS = Path(__file__).parents[1] / "configs"

CHINESE = [
    "李白是唐代著名的诗人。他写了很多诗！你读过吗？“读过。”他说：‘很好’……",
    "　　段落由全角空格开头，\u3000中间也有　空格　\n第二行\r\n\r\n　第三行\u2028第四行\u00a0完",
    "全角ＡＢＣ１２３％，半角ABC123%，Ⅻ①㈱㎏，﹁直排﹂，ｶﾀｶﾅ",
    "浏览器Chrome和Firefox3.5版支持HTML5、C++及www.example.com/路径?x=一，邮箱a@b.cn。",
    "𠀀𪜶𫝀是罕用字，㐀也是；繁體字：測試資訊、臺灣；兼容字：車豈\ufa11",
    "😀👩‍👩‍👧🏳️‍🌈❤️表情，葛󠄀城（异体字选择符），か\u3099組合",
    "\ufeff零\u200b宽\u200d字符\x00\x07\ufffd\U0010ffff\ue000完",
    "南京市长江大桥" * 500 + "。" + "我" * 3000,
    *("", " ", "\u3000", "\n\u3000\n", "。", "！？。", "的"),
]
"""Parts of Chinese texts, with lines of thousands of characters."""


@pytest.fixture
def words_of_jieba(monkeypatch):
    """The words of jieba, which a test may change."""
    jieba.dt.check_initialized()
    monkeypatch.setattr(jieba.dt, "FREQ", dict(jieba.dt.FREQ))
    monkeypatch.setattr(jieba.dt, "total", jieba.dt.total)
    monkeypatch.setattr(jieba.finalseg, "Force_Split_Words", set())


def chinese(segmenter: str):
    return spacy.blank("zh", config={"nlp": {"tokenizer": {"segmenter": segmenter}}})


def encode_texts(nlp, texts: list[str], **arguments):
    return sentences_of(make_encoder(nlp, TokensSettings(**arguments)).encode(arrow(texts)))


def expect_texts(nlp, texts: list[str], **arguments):
    return [sentence for text in texts for sentence in expected_sentences(nlp, text, **arguments)]


# --- Chinese tokens


@pytest.mark.parametrize("segmenter", ["char", "jieba"])
@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"attr": "ORTH", "boundary": "sentence"},
        {"attr": "NORM", "boundary": "document", "numbers": "shape", "urls": "drop"},
        {"min_tokens": 4, "numbers": "drop"},
    ],
    ids=str,
)
def test_chinese_tokens_are_those_of_the_tokenizer(segmenter, arguments):
    nlp = chinese(segmenter)
    assert isinstance(make_encoder(nlp, TokensSettings(**arguments)), DocumentEncoder)
    assert encode_texts(nlp, CHINESE, **arguments) == expect_texts(nlp, CHINESE, **arguments)


@pytest.mark.parametrize("segmenter", ["char", "jieba"])
def test_tokens_of_any_mixture_are_those_of_the_tokenizer(segmenter):
    nlp = chinese(segmenter)
    parts = st.one_of(
        st.sampled_from("".join(CHINESE[:7])), st.sampled_from(["诗人", "\u3000", "\n"]), st.text(max_size=2)
    )

    @given(
        texts=st.lists(st.lists(parts, max_size=15).map("".join), max_size=3),
        boundary=st.sampled_from(["line", "sentence"]),
    )
    @settings(derandomize=True, deadline=None, max_examples=100)
    def check(texts, boundary):
        assert encode_texts(nlp, texts, boundary=boundary) == expect_texts(nlp, texts, boundary=boundary)

    check()


@pytest.mark.skipif(not (DATA / "wiki_zh").is_dir(), reason=f"needs wiki_zh in {DATA} (see SPACY_W2V_TEST_DATA)")
@pytest.mark.parametrize("segmenter", ["char", "jieba"])
def test_tokens_of_chinese_wikipedia_are_those_of_the_tokenizer(segmenter):
    texts = pq.read_table(next(iter(sorted((DATA / "wiki_zh").glob("*.parquet")))), columns=["text"])["text"]
    sample = texts.to_pylist()[::500]
    nlp = chinese(segmenter)
    assert encode_texts(nlp, sample) == expect_texts(nlp, sample)


@pytest.mark.parametrize(
    ("boundary", "expected"),
    [
        ("line", ["诗 人 。 你 好 ！", "读 过 吗 ？ 读 过"]),
        ("sentence", ["诗 人 。", "你 好 ！", "读 过 吗 ？", "读 过"]),
        ("document", ["诗 人 。 你 好 ！ 读 过 吗 ？ 读 过"]),
    ],
)
def test_chinese_full_stops_end_sentences(boundary, expected):
    actual = encode_texts(chinese("char"), ["　诗人。你好！\n读过吗？读过"], boundary=boundary)
    assert [" ".join(key for _, key in sentence) for sentence in actual] == expected


def test_processes_segment_by_the_words_that_jieba_has_here(words_of_jieba):
    nlp = chinese("jieba")
    sentence = "我爱凌特伟语言和南京市长江大桥"
    before = expect_texts(nlp, [sentence])
    jieba.add_word("凌特伟语言")
    jieba.del_word("长江大桥")
    texts = [[sentence, *CHINESE[i::4]] for i in range(4)]
    expected = [expect_texts(nlp, batch) for batch in texts]
    assert expected[0][0] != before[0], "as the test believes"
    assert encode.pickled_pipeline(nlp, TokensSettings(), is_asked=False) is not None, (
        "else all is done in this process"
    )
    batches = list(encode_stream(map(batch_of, texts), nlp, TokensSettings(n_process=2)))
    assert [sentences_of(batch) for _, batch in batches] == expected


def test_restoring_words_restores_jieba(words_of_jieba):
    nlp = chinese("jieba")
    jieba.add_word("凌特伟语言")
    payload = encode.pickled_pipeline(nlp, TokensSettings(), is_asked=False)
    expected = [token.text for token in nlp("凌特伟语言")]
    jieba.del_word("凌特伟语言")
    assert [token.text for token in nlp("凌特伟语言")] != expected
    _, tokenizer, *_ = pickle.loads(payload)
    assert [token.text for token in tokenizer("凌特伟语言")] == expected == ["凌特伟语言"]


def test_words_of_jieba_change_the_fingerprint(words_of_jieba):
    def fingerprint(segmenter):
        return tokenizer_fingerprint(chinese(segmenter), TokensSettings())

    before = {segmenter: fingerprint(segmenter) for segmenter in ("char", "jieba")}
    assert before["char"] != before["jieba"] == fingerprint("jieba")
    jieba.add_word("凌特伟语言")
    assert fingerprint("jieba") != before["jieba"]
    assert fingerprint("char") == before["char"]


# --- Chinese from a config to scores


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    directory = tmp_path_factory.mktemp("chinese")
    lines = ["　李白是诗人，杜甫也是诗人。", "中国的首都是北京；日本的首都是东京！", "𠀀字罕用，ＤＮＡ和dna不同？"]
    (directory / "texts.txt").write_text("\n".join(lines * 40) + "\n", encoding="utf-8")
    formats = '["spacy", "gensim", "word2vec-text", "word2vec-binary"]'
    options = ["--paths.texts", "texts.txt", "--w2v.model.vector_size", 12, "--w2v.export.formats", formats]
    options += ["--w2v.training.workers", 1, "--w2v.training.sample", 0]
    w2v("train", CONFIGS / "chinese.cfg", "-o", "words", *options, cwd=directory)
    options += ["--nlp.tokenizer.segmenter", "char"]
    w2v_here("train", CONFIGS / "chinese.cfg", "-o", "characters", *options, cwd=directory)
    return directory, lines


@pytest.mark.parametrize(("output", "word"), [("words", "诗人"), ("characters", "诗")])
def test_vectors_of_chinese_are_found_by_spacy_and_gensim(trained, output, word):
    directory, lines = trained
    model = spacy_w2v.load(directory / output)
    assert word in model
    assert "𠀀" in model
    nlp = spacy.load(directory / output / "spacy")
    tokens = [token for doc in nlp.pipe(lines) for token in doc if not token.is_space]
    assert all(token.has_vector for token in tokens)
    assert {token.lower_ for token in tokens} == set(model.words)
    for name, binary in (("vectors.txt", False), ("vectors.bin", True)):
        read = KeyedVectors.load_word2vec_format(str(directory / output / "word2vec" / name), binary=binary)
        assert read.index_to_key == model.words
        assert np.allclose(read.vectors, [model[word] for word in model.words], atol=1e-5)  # the text has six digits
        assert len(spacy_w2v.train(lines, nlp, initial=directory / output / "word2vec" / name, min_count=1)) == len(
            model
        )


def test_chinese_sets_are_scored(trained):
    directory, _ = trained
    pairs = [("李白", "诗人", 9.2), ("中国", "北京", 8.5), ("首都", "诗人", 1.0), ("李白诗人", "日本东京", 0.5)]
    text = "".join(f"{first}\t{second}\t{rating}\n" for first, second, rating in pairs)
    (directory / "wordsim.txt").write_text(text, encoding="utf-8")
    (directory / "analogies.txt").write_text(": 首都\n中国 北京 日本 东京\n日本 东京 法国 巴黎\n", encoding="utf-8")
    nlp = spacy.load(directory / "words/spacy")

    def correlation(pairs):
        cosines = [nlp(first).similarity(nlp(second)) for first, second, _ in pairs]
        return spearmanr(cosines, [rating for _, _, rating in pairs]).statistic

    for options, n_used in (([], 3), (["--tokenize"], 4)):
        sets = ["--word-pairs", "wordsim.txt", "--analogies", "analogies.txt", "-o", "scores.json", *options]
        shown = w2v_here("evaluate", "words", *sets, cwd=directory)
        assert shown.code == 0
        scores = json.loads((directory / "scores.json").read_text())
        assert scores["wordsim"]["spearman"] == pytest.approx(correlation(pairs[:n_used]))
        assert (scores["wordsim"]["n_used"], scores["wordsim"]["n_unknown"]) == (n_used, 4 - n_used)
        assert (scores["analogies"]["n_used"], scores["analogies"]["n_unknown"]) == (1, 1)
        assert "English" not in shown.said


def test_english_sets_are_reported_as_english(trained):
    directory, _ = trained
    shown = w2v_here("evaluate", "characters", cwd=directory)
    assert shown.code == 0
    assert "The bundled evaluation sets are English, but the language of the vectors is: zh." in shown.said


def test_words_of_any_script_are_aligned_in_columns(trained):
    directory, _ = trained
    shown = w2v("most-similar", "words", "诗人", "-n", 3, cwd=directory).stdout
    nearest = spacy_w2v.load(directory / "words").most_similar("诗人", topn=3)
    assert "\n".join(aligned([(near, f"{similarity:.3f}") for near, similarity in nearest])) in shown
    assert "\n".join(aligned([("诗", "1"), ("诗人", "2"), ("abc", "3"), ("e\u0301", "4")])) == (
        "诗     1\n诗人   2\nabc    3\ne\u0301      4"
    )


def test_a_report_shows_words_of_the_language(tmp_path):
    text = "、".join(chr(0x4E00 + i) for i in range(150)) + " king city war"
    model = spacy_w2v.train([text] * 6, chinese("jieba"), vector_size=4, workers=1, epochs=1)
    model.save(tmp_path / "model")
    assert "king" in model
    assert w2v_here("report", "model", "report.md", cwd=tmp_path).code == 0
    report = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert f"\n| {model.words[100]} | " in report
    assert "\n| king | " not in report


# --- invalid Chinese configs


def test_the_error_for_a_missing_jieba_has_a_remedy(tmp_path):
    (tmp_path / "hidden").mkdir()
    (tmp_path / "hidden/jieba.py").write_text('raise ImportError("No module named jieba")')
    (tmp_path / "texts.txt").write_text("诗人")
    options = ["-o", "out", "--paths.texts", "texts.txt"]
    refused = w2v("train", CONFIGS / "chinese.cfg", *options, cwd=tmp_path, code=1, PYTHONPATH=str(tmp_path / "hidden"))
    assert "needs the package jieba, which is not installed" in refused.said
    assert 'pip install "spacy-w2v[zh]"' in refused.said
    assert "Traceback" not in refused.said


@pytest.mark.parametrize(
    ("override", "message"),
    [
        (["--nlp.tokenizer.segmenter", "jeiba"], "It must be one of: char, jieba, pkuseg."),
        (["--nlp.tokenizer.segmentr", "char"], "Did you mean 'segmenter'?"),
    ],
    ids=["value", "name"],
)
def test_a_wrong_setting_of_the_tokenizer_is_an_error(tmp_path, override, message):
    (tmp_path / "texts.txt").write_text("诗人")
    refused = w2v_here(
        "train", CONFIGS / "chinese.cfg", "-o", "out", "--paths.texts", "texts.txt", *override, cwd=tmp_path
    )
    assert refused.code == 1
    assert message in refused.said


def test_init_config_writes_the_tokenizer_of_chinese(tmp_path):
    shown = w2v_here("init-config", "zh.cfg", "--lang", "zh", "-d", "*.txt", cwd=tmp_path)
    assert 'set segmenter = "jieba" (pip install "spacy-w2v[zh]") or "pkuseg" in [nlp.tokenizer].' in shown.said
    block = {"@tokenizers": "spacy.zh.ChineseTokenizer", "segmenter": "char"}
    assert Config().from_disk(tmp_path / "zh.cfg")["nlp"]["tokenizer"] == block
    assert "tokenizer" not in Config().from_str(w2v_here("init-config", "-", "-l", "de", cwd=tmp_path).stdout)["nlp"]


def test_init_config_refuses_unknown_languages(tmp_path):
    refused = w2v_here("init-config", "zz.cfg", "--lang", "zz", cwd=tmp_path)
    assert refused.code == 1
    assert (
        'lang must be a language code that spaCy knows, such as en, de or zh, or "xx" for many, was: zz' in refused.said
    )


# --- the stock tokenizer, in other scripts


STOCK = ["de", "fr", "ru", "uk", "el", "tr", "ar", "fa", "he", "hi", "bn", "ta", "hy", "xx"]
TEXTS_OF = {
    "de": "Die Straße, „GROẞE“ Übergrößen »z. B.« 3,5 Mio. €; ’s d’accord\u00a0–\u202f20\u00a0% Müller-Lüdenscheids",
    "fr": "«\u202fL’été, aujourd’hui\u202f?\u202f» C'est-à-dire l'œuvre d’Anaïs\u00a0: 1\u202f234\u00a0€ n'a ÇA!",
    "ru": "Ёлки-палки! «Москва» — т.е. г.\u00a0Москва, А.С.\u00a0Пушкин (1799—1837) №\u00a05.",
    "tr": "İstanbul'da IŞIK ışık ÇİÇEK çiçek 3'üncü Türkiye'nin.",
    "ar": "مرحبا، كيف حالك؟ السَّلامُ عليكم ١٢٣٫٤ «كتاب»؛ ـــ لا.",
    "hi": "नमस्ते, आप कैसे हैं? वह ₹१,२३४ है। क्‍ष ज्ञ",
}
"""Text that the examples of spaCy lack: no-break spaces, guillemets, elisions, combining marks."""


def texts_of(language: str) -> list[str]:
    examples = [] if language == "xx" else import_module(f"spacy.lang.{language}.examples").sentences
    own = TEXTS_OF.values() if language == "xx" else [TEXTS_OF.get(language, "")]
    return [*examples, *own]


@functools.cache
def blank(language: str):
    return spacy.blank(language)


@pytest.mark.parametrize("language", STOCK)
def test_tokens_of_other_scripts_are_those_of_the_tokenizer(language):
    encoder = make_encoder(blank(language), TokensSettings(attr="NORM"))
    # a special case of Persian ends with a space
    assert isinstance(encoder, DocumentEncoder if language == "fa" else PretokenEncoder)
    texts = texts_of(language)
    assert sentences_of(encoder.encode(arrow(texts))) == expect_texts(blank(language), texts, attr="NORM")


@pytest.mark.parametrize("language", STOCK)
def test_forms_of_other_scripts_are_found_by_spacy(language):
    texts = texts_of(language)
    model = spacy_w2v.train(texts, blank(language), min_count=1, vector_size=4, epochs=1, sample=0, workers=1)
    nlp = model.to_spacy(blank(language))
    unknown = [token.text for doc in nlp.pipe(texts) for token in doc if not (token.has_vector or token.is_space)]
    assert unknown == []


@pytest.mark.parametrize(
    ("language", "package", "text"),
    [
        ("ja", "sudachipy", "吾輩は猫である。　名前はまだ無い。\nどこで生れたかとんと見当がつかぬ！"),
        ("th", "pythainlp", "สวัสดีครับ ผมชื่อสมชาย\nวันนี้อากาศดี"),
    ],
)
def test_tokenizers_of_installed_packages(language, package, text):
    pytest.importorskip(package)
    nlp = spacy.blank(language)
    for boundary in ("line", "sentence"):
        assert encode_texts(nlp, [text], boundary=boundary) == expect_texts(nlp, [text], boundary=boundary)
    assert encode.pickled_pipeline(nlp, TokensSettings(), is_asked=False) is not None
