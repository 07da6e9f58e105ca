"""Results that appear whole or not at all: directories, files, locks, and manifests with checksums."""

from spacy_w2v._atomic.directories import check_output as check_output
from spacy_w2v._atomic.directories import new_directory as new_directory
from spacy_w2v._atomic.directories import recover_directory as recover_directory
from spacy_w2v._atomic.directories import remove_directory as remove_directory
from spacy_w2v._atomic.directories import replaced_directory as replaced_directory
from spacy_w2v._atomic.directories import settle as settle
from spacy_w2v._atomic.directories import staged_directory as staged_directory
from spacy_w2v._atomic.disk import check_free_space as check_free_space
from spacy_w2v._atomic.disk import check_writable as check_writable
from spacy_w2v._atomic.disk import sync as sync
from spacy_w2v._atomic.files import staged_file as staged_file
from spacy_w2v._atomic.files import staged_siblings as staged_siblings
from spacy_w2v._atomic.held import held_directory as held_directory
from spacy_w2v._atomic.held import sweep as sweep
from spacy_w2v._atomic.locks import only_writer as only_writer
from spacy_w2v._atomic.locks import release_lock as release_lock
from spacy_w2v._atomic.locks import take_lock as take_lock
from spacy_w2v._atomic.manifests import check_files as check_files
from spacy_w2v._atomic.manifests import describe_files as describe_files
from spacy_w2v._atomic.manifests import file_checksum as file_checksum
from spacy_w2v._atomic.manifests import parse_json as parse_json
from spacy_w2v._atomic.manifests import parse_manifest as parse_manifest
from spacy_w2v._atomic.manifests import read_bounded as read_bounded
from spacy_w2v._atomic.manifests import read_manifest as read_manifest
from spacy_w2v._atomic.manifests import write_manifest as write_manifest
