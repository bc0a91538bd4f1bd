"""Turn what the names of files and folders tell into tables: all in small letters.

After GitHub linguist's `vendor.yml`, `documentation.yml` and `generated.rb`
(https://github.com/github-linguist/linguist/tree/main/lib/linguist), and the package managers' own documentation.
"""

import builtins
from dataclasses import dataclass


@dataclass(frozen=True)
class Names:
    """Names of one kind of file: whole ones, their starts and ends, and those of the folders around them."""

    files: frozenset[str] = frozenset()
    starts: tuple[str, ...] = ()
    ends: tuple[str, ...] = ()
    folders: frozenset[str] = frozenset()


def _set(names: str) -> frozenset[str]:
    return frozenset(names.split())


DEPENDENCIES = Names(
    files=_set("""
        package-lock.json npm-shrinkwrap.json yarn.lock pnpm-lock.yaml bun.lock bun.lockb deno.lock cargo.lock
        poetry.lock uv.lock pdm.lock pipfile.lock pixi.lock conda-lock.yml go.sum go.work.sum gopkg.lock glide.lock
        composer.lock gemfile.lock flake.lock gradle.lockfile packages.lock.json project.assets.json paket.lock
        mix.lock rebar.lock pubspec.lock podfile.lock package.resolved cartfile.resolved conan.lock
        chart.lock stack.yaml.lock cabal.project.freeze shard.lock module.bazel.lock
        .terraform.lock.hcl buf.lock pylock.toml
    """),
)
VENDORED = Names(
    folders=_set("""
        vendor vendors node_modules bower_components third_party third-party thirdparty 3rdparty godeps
        .yarn jspm_packages carthage pods
    """),
)
GENERATED = Names(
    ends=(
        *(".min.js", ".min.css", ".min.mjs", ".js.map", ".css.map", ".mjs.map", ".bundle.js", ".chunk.js"),
        *("_pb2.py", "_pb2_grpc.py", "_pb2.pyi", ".pb.go", ".pb.cc", ".pb.h", "_pb.js", "_pb.rb", "_pb.d.ts"),
        *(".pb.gw.go", ".g.dart", ".freezed.dart", ".g.cs", ".designer.cs", ".gen.go", "_gen.go", ".gen.ts"),
        *(".snap", ".ambr", ".snapshot", ".resx.cs", ".tsbuildinfo", ".po~", ".xcscheme", ".pbxproj"),
    ),
    files=_set("zz_generated.deepcopy.go .pnp.cjs .pnp.loader.mjs parser.tab.c lex.yy.c"),
    folders=_set("__snapshots__ __generated__ generated"),
)
TESTS = Names(
    files=_set("conftest.py spec_helper.rb rails_helper.rb test.py tests.py tests.rs"),
    starts=("test_",),
    ends=(
        *("_test.py", "_tests.py", "_test.go", "_test.rs", "_test.rb", "_spec.rb", "_test.dart", "_test.exs"),
        *(".test.js", ".test.jsx", ".test.ts", ".test.tsx", ".test.mjs", ".spec.js", ".spec.jsx", ".spec.ts"),
        *(".spec.tsx", ".spec.mjs", ".cy.js", ".cy.ts"),
        *("_test.cc", "_test.cpp", "_test.c", "_unittest.cc", ".t", ".bats", ".feature"),
    ),
    folders=_set("test tests __tests__ spec specs testdata test-data fixtures __fixtures__ __mocks__ e2e testing"),
)
DOCUMENTATION = Names(
    files=_set("""
        license licence copying copyright notice readme changelog changes news authors contributors contributing
        maintainers history todo citation.cff license.txt readme.txt changelog.txt notice.txt copying.txt authors.txt
        license-mit license-apache codeowners
    """),
    ends=(".md", ".mdx", ".markdown", ".rst", ".adoc", ".asciidoc", ".org", ".textile", ".pod", ".rdoc", ".man"),
    folders=_set("docs doc documentation man javadoc"),
)
CONFIGURATION = Names(
    files=_set("""
        makefile gnumakefile dockerfile containerfile jenkinsfile vagrantfile procfile justfile cmakelists.txt gemfile
        rakefile pipfile brewfile go.mod go.work setup.py meson.build build.bazel build workspace .gitignore
        .gitattributes .editorconfig .dockerignore .npmrc .nvmrc .env .gitmodules .babelrc .eslintrc .prettierrc
        .python-version .ruby-version .node-version constraints.txt
    """),
    starts=("requirements", "dockerfile.", "docker-compose", ".env.", ".eslintrc.", ".prettierrc."),
    ends=(
        *(".yml", ".yaml", ".toml", ".ini", ".cfg", ".conf", ".json", ".json5", ".jsonc", ".properties", ".xml"),
        *(".gradle", ".gradle.kts", ".cmake", ".mk", ".nix", ".tf", ".tfvars", ".hcl", ".csproj", ".sln", ".props"),
        *(".targets", ".gemspec", ".podspec", ".cabal", ".plist", ".service", ".config.js", ".config.ts"),
        *(".config.mjs", ".config.cjs", ".dockerfile", ".env"),
    ),
    folders=_set(".github .gitlab .circleci .vscode .idea .husky .devcontainer"),
)
BINARY_ENDS = (
    *(".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp", ".ico", ".icns", ".tif", ".tiff", ".avif", ".psd", ".heic"),
    *(".pdf", ".doc", ".docx", ".xls", ".xlsx", ".ppt", ".pptx", ".odt", ".ods", ".zip", ".gz", ".tgz", ".bz2"),
    *(".xz", ".zst", ".7z", ".rar", ".tar", ".jar", ".war", ".whl", ".egg", ".nupkg", ".apk", ".ipa", ".dmg", ".iso"),
    *(".exe", ".dll", ".so", ".dylib", ".a", ".lib", ".o", ".obj", ".class", ".pyc", ".wasm", ".bin", ".dat"),
    *(".mp3", ".mp4", ".m4a", ".wav", ".flac", ".ogg", ".avi", ".mov", ".webm", ".mkv", ".ttf", ".otf", ".woff"),
    *(".woff2", ".eot", ".db", ".sqlite", ".sqlite3", ".npy", ".npz", ".pkl", ".pt", ".onnx", ".safetensors", ".gguf"),
    *(".parquet", ".h5", ".hdf5", ".keystore", ".p12", ".jks"),
)
# By these a word is told to be a file's name.
EXTENSIONS = _set("""
    bat c cc cfg cjs conf cpp cs css csv cxx dart ex exs go gradle h hpp html ini ipynb java js json jsx kt kts lock
    lua m md mdx mjs mm php pl proto ps1 py pyi r rb rs rst sass scala scss sh sql svelte svg swift tf toml ts tsx txt
    vue xml yaml yml zig
    """)
# Names of products and formats, and literals: they name nothing of a repository's.
NO_CLAIMS = _set("""
    github gitlab bitbucket javascript typescript postgresql mysql sqlite mongodb graphql openai pytorch tensorflow
    huggingface linkedin youtube macos ios ipados ipad iphone opengl webgl latex bibtex powershell webassembly
    wordpress openssl openid oauth devops stackoverflow codeql dependabot node.js vue.js next.js nuxt.js three.js
    express.js d3.js ember.js react.js asp.net pypi numpy scipy matplotlib intellij vscode cpython pypy jupyterlab
    true false none null nil undefined oauth2 ipv4 ipv6 wifi ebay fastapi pytest readthedocs mccabe nodejs latexmk
    websocket websockets javadoc jsdoc phpdoc stdin stdout stderr utf8 sha1 sha256 sha512 base64
    """)
# Keywords, types and errors of the usual languages; Python's own names come on top.
LANGUAGE = _set("""
    if else elif elseif for foreach while do switch case default break continue return yield try catch except finally
    throw throws raise with as in is not and or from import export require include package module use namespace class
    struct enum interface trait impl type union fn func fun function def sub lambda async await const let var val mut
    static final abstract override virtual public private protected internal readonly extends implements super self
    this new delete typeof instanceof void int integer long short char byte float double bool boolean string number
    object any never array map dict list set tuple vec option result optional promise error goto pass assert
    global nonlocal match where select insert update begin end unless until loop unsafe extern inline volatile signed
    unsigned auto template typename operator friend using decltype constexpr i8 i16 i32 i64 u8 u16 u32 u64 f32 f64
    usize isize str char8_t size_t int8_t int16_t int32_t int64_t uint8_t uint16_t uint32_t uint64_t nullptr noexcept
    rangeerror referenceerror evalerror urierror aggregateerror nullpointerexception illegalargumentexception
    illegalstateexception ioexception runtimeexception indexoutofboundsexception classcastexception
    unsupportedoperationexception numberformatexception argumentexception argumentnullexception
    invalidoperationexception notimplementedexception standarderror argumenterror nomethoderror json console math
    """) | frozenset(name.casefold() for name in dir(builtins))
# Files that are known by their whole name: written so in a sentence, they are files.
WHOLE_NAMES = _set("""
    makefile dockerfile containerfile jenkinsfile vagrantfile procfile justfile gemfile rakefile pipfile brewfile
    license readme changelog contributing codeowners
    """)
