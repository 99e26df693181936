#!/usr/bin/env bash
# pdfs.sh FOLDER: puts the PDFs that some small Debian packages ship into FOLDER; the packages are unpacked there, not installed.
set -euo pipefail
packages=(r-cran-rcpp r-cran-zoo r-cran-sandwich r-cran-xts)   # papers on statistics and on time series of prices; 5 MB together

folder=$(realpath -m "${1:?Expected the folder to put them into: ./pdfs.sh pdfs}")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
apt-get download -qq "${packages[@]}" 2>/dev/null || { echo "apt-get could not download ${packages[*]}; apt-get update helps where its lists are old" >&2; exit 1; }
for package in *.deb; do
  dpkg-deb -x "$package" unpacked
done
mkdir -p "$folder"
find unpacked -name '*.pdf' -exec mv {} "$folder" \;
echo "$(find "$folder" -name '*.pdf' | wc -l) PDFs in $folder"
