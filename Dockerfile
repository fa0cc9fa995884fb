# The server without torch. The checkout must hold the graphs of the model: biodir export-onnx onnx --model .
#
#   docker build -t biodir .
#   docker run --rm -p 8000:8000 biodir
#
# `make check-image` runs these steps without a container. Each path is used by one stage only, or is the same in both.
FROM python:3.13-slim AS build
COPY . /source
RUN python -m venv /opt/biodir
RUN /opt/biodir/bin/pip install --no-cache-dir "/source/runtime[serve]"
RUN /opt/biodir/bin/pip uninstall --yes pip

FROM python:3.13-slim
COPY --from=build /opt/biodir /opt/biodir
COPY onnx /opt/model/onnx
ENV PATH=/opt/biodir/bin:$PATH
ENV BIODIR_MODEL=/opt/model
USER 65532
EXPOSE 8000
HEALTHCHECK CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/health', timeout=3)"]
ENTRYPOINT ["biodir"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8000"]
