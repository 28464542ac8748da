# A login shell of a cluster, full of modules, does not reach into a container:
# search paths and start-up hooks stay outside, everything else passes.
. "$top_srcdir/tests/lib/e2e.sh"
need_fuse
need bash mksquashfs busybox
cd "$T" || exit 1

# An image with a shell, an environment of its own, and a host file that
# would speak up if it were read.
mkdir -p root/bin root/.singularity.d/env root/etc root/tmp root/proc root/sys root/dev root/home
cp "$(command -v busybox)" root/bin/busybox
"$T/root/bin/busybox" true 2>/dev/null || skip "busybox is not static"
for each in sh env cat id; do ln -s busybox root/bin/$each; done
printf 'export IMGVAR=from-image\nexport DEFAULTED="${DEFAULTED:-image}"\n' >root/.singularity.d/env/90-environment.sh
printf '#!/bin/sh\nexec /bin/env\n' >root/.singularity.d/runscript
chmod 755 root/.singularity.d/runscript
mksquashfs root i.sqfs -quiet -no-progress -all-root >/dev/null

# What Lmod, conda, R, Perl and a careless profile leave behind.
cat >login.sh <<'END'
module() { echo "module was called: $*" >&2; }
ml() { module "$@"; }
which() { echo "which was called" >&2; }
export -f module ml which
export BASH_ENV="$T/bashenv" ENV="$T/bashenv" PROMPT_COMMAND='echo prompt'
export MODULEPATH=/apps/mod MODULESHOME=/apps/lmod LMOD_CMD=/apps/lmod/lmod LMOD_VERSION=8
export LOADEDMODULES=gcc/12:cuda/12 _LMFILES_=/apps/mod/gcc _ModuleTable001_=X __LMOD_REF_COUNT_PATH=/a:1
export LD_LIBRARY_PATH=/apps/gcc/lib64 LD_PRELOAD= LIBRARY_PATH=/apps/lib CPATH=/apps/include PKG_CONFIG_PATH=/apps/pc
export PYTHONPATH=/apps/py PYTHONHOME=/apps/python PYTHONSTARTUP=/apps/rc CONDA_PREFIX=/apps/conda CONDA_DEFAULT_ENV=base
export VIRTUAL_ENV=/home/x/venv R_LIBS=/apps/r R_LIBS_USER=~/R R_PROFILE=/apps/p PERL5LIB=/apps/perl PERL5OPT=-Mx
export JULIA_DEPOT_PATH=/j NODE_PATH=/n CLASSPATH=/c LUA_PATH=/l EBROOTGCC=/apps/gcc SPACK_ROOT=/spack
export CUDA_HOME=/apps/cuda OPAL_PREFIX=/apps/ompi LESSOPEN='|/usr/bin/lesspipe %s' SSL_CERT_FILE=/etc/pki/x XDG_DATA_DIRS=/x
export SHELL=/apps/bin/zsh XDG_RUNTIME_DIR=/run/user/no-such
export SLURM_JOB_ID=7 SLURM_PROCID=3 PMI_RANK=3 PMIX_RANK=3 OMPI_MCA_btl=self OMP_NUM_THREADS=4 CUDA_VISIBLE_DEVICES=1
export NCCL_DEBUG=INFO UCX_TLS=sm http_proxy=http://p:1 LANG=C.UTF-8 EDITOR=vi DEFAULTED=host MINE='two words'
END
echo 'echo "start-up file of the host was read" >&2' >bashenv
chmod 644 bashenv
cat >in.sh <<'END'
. ./login.sh
exec "$@"
END
login() { T=$T bash --norc --noprofile in.sh "$@"; }
names() { sed -n 's/^\([A-Za-z_][A-Za-z_0-9%]*\)=.*/\1/p' "$1" | sort; }

check "exec among modules" login "$SIF" exec i.sqfs env
cp "$T/.out" seen
equal "nothing is said" "" "$(cat "$T/.err")"
left=$(names seen | grep -E '^(BASH_FUNC|BASH_ENV$|ENV$|PROMPT_COMMAND$|MODULE|LMOD|LOADEDMODULES|_LMFILES_|_ModuleTable|__LMOD|LD_|LIBRARY_PATH|CPATH|PKG_CONFIG|PYTHONPATH|PYTHONHOME|PYTHONSTARTUP|CONDA|VIRTUAL_ENV|R_|PERL5|JULIA_|NODE_PATH|CLASSPATH|LUA_|EBROOT|SPACK_|CUDA_HOME|OPAL_|LESSOPEN|SSL_CERT|XDG_DATA_DIRS|XDG_RUNTIME_DIR)')
equal "search paths and hooks stay outside" "" "$left"
for each in SLURM_JOB_ID=7 SLURM_PROCID=3 PMI_RANK=3 PMIX_RANK=3 OMPI_MCA_btl=self OMP_NUM_THREADS=4 \
	CUDA_VISIBLE_DEVICES=1 NCCL_DEBUG=INFO UCX_TLS=sm http_proxy=http://p:1 LANG=C.UTF-8 EDITOR=vi \
	'MINE=two words' IMGVAR=from-image DEFAULTED=image PYTHONNOUSERSITE=1 SHELL=/bin/sh; do
	equal "inside: $each" "$each" "$(grep -Fx -e "$each" seen)"
done

# asking
prints "one that is asked for passes" /apps/py login "$SIF" exec --env-from-host PYTHONPATH i.sqfs sh -c 'echo $PYTHONPATH'
prints "and wins over the image" host login "$SIF" exec --env-from-host 'DEF*' i.sqfs sh -c 'echo $DEFAULTED'
prints "SIFENV_ sets, and wins" '/a host' env SIFENV_PYTHONPATH=/a SIFENV_DEFAULTED=host "$SIF" exec i.sqfs \
	sh -c 'echo $PYTHONPATH $DEFAULTED'
prints "--env wins over SIFENV_, and is not evaluated" '$HOME' env SIFENV_X=1 "$SIF" exec --env 'X=$HOME' i.sqfs \
	sh -c 'echo "$X"'
prints "PREPEND_PATH" /opt/x: sh -c 'SIFENV_PREPEND_PATH=/opt/x "$SIF" exec i.sqfs sh -c "echo \$PATH" | cut -c1-7'
printf 'A=1\nB="two $A words"\n# note\nexport C=3\n' >file
prints "--env-file" '1|two 1 words|3' "$SIF" exec --env-file file i.sqfs sh -c 'echo "$A|$B|$C"'
printf 'f() { echo computed; }\nA=$(f)\n' >file
prints "--env-file by the host's sh" computed "$SIF" exec --env-file file i.sqfs sh -c 'echo $A'
printf 'A=two words\n' >file
refuse "--env-file with a value that is not quoted" 125 'cannot be evaluated' "$SIF" exec --env-file file i.sqfs true
refuse "--env-file that is missing" 125 "nosuchfile" "$SIF" exec --env-file nosuchfile i.sqfs true
prints "--cleanenv" '||C|http://p:1|from-image' login "$SIF" exec --cleanenv i.sqfs \
	sh -c 'echo "$SLURM_JOB_ID|$MINE|$LANG|$http_proxy|$IMGVAR"'
refuse "--env without a value" 125 'NAME=VALUE' "$SIF" exec --env X i.sqfs true
prints "HOME is not set by SIFENV_HOME" no sh -c 'SIFENV_HOME=/x "$SIF" exec i.sqfs sh -c "[ \$HOME = /x ] || echo no" 2>/dev/null'

# shells
prints "shell reads no start-up file of the host" 'shell /bin/sh' login sh -c 'echo "echo shell \$SHELL" | "$SIF" shell i.sqfs 2>&1'

# called by another name: that one's rules
ln -s "$SIF" apptainer
check "as apptainer" login ./apptainer exec i.sqfs env
cp "$T/.out" seen
equal "as apptainer, PYTHONPATH passes" PYTHONPATH=/apps/py "$(grep ^PYTHONPATH= seen)"
equal "as apptainer, LD_LIBRARY_PATH does not" "" "$(grep ^LD_LIBRARY_PATH=/apps seen)"
prints "as apptainer, --env is evaluated" from-image ./apptainer exec --env 'X=$IMGVAR' i.sqfs sh -c 'echo $X'
