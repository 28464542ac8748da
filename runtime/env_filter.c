/* What of the host's environment must not reach into a container.
 *
 * The rule: a variable that tells a program where to find parts of itself, or
 * what to run before its work, speaks of the host's file system; inside it
 * names files that are missing, or worse, files of another build that are
 * there because $HOME is. Everything else passes: schedulers, MPI and PMI,
 * thread counts, device selection, locale, proxies, credentials, terminals.
 * A trailing '*' matches any rest. */
#include "runtime/env.h"

#include <string.h>

static const char *const outside[] = {
	/* the dynamic loader and the C library */
	"LD_*", "GCONV_PATH", "LOCPATH", "LOCALE_ARCHIVE*", "NLSPATH", "GUIX_LOCPATH", "NIX_LD*", "NIX_PATH",
	/* shells: files read and code run at the start, functions, options */
	"BASH_ENV", "ENV", "BASH_FUNC_*", "BASHOPTS", "SHELLOPTS", "BASH_*", "PROMPT_COMMAND", "PS0", "PS1",
	"PS2", "PS3", "PS4", "CDPATH", "FPATH", "ZDOTDIR", "GLOBIGNORE", "IFS", "FCEDIT", "LESSOPEN", "LESSCLOSE",
	/* module systems and package trees */
	"MODULE*", "LMOD*", "_LMFILES_*", "LOADEDMODULES*", "__LMOD*", "__MODULES*", "_ModuleTable*",
	"__Init_Default_Modules", "SPACK_*", "EBROOT*", "EBVERSION*", "EBDEVEL*", "CRAY_LD_LIBRARY_PATH",
	/* Python */
	"PYTHON*", "VIRTUAL_ENV*", "_OLD_VIRTUAL_*", "PIP_*", "PIPENV_*", "PYENV_*", "CONDA*", "_CONDA*", "_CE_*",
	"MAMBA_*", "JUPYTER_PATH", "JUPYTER_CONFIG_PATH",
	/* other languages */
	"R_LIBS*", "R_HOME", "R_PROFILE*", "R_ENVIRON*", "R_INCLUDE_DIR", "R_SHARE_DIR", "R_DOC_DIR",
	"PERL5*", "PERLLIB", "PERL_LOCAL_LIB_ROOT", "PERL_MB_OPT", "PERL_MM_OPT", "RUBYLIB", "RUBYOPT", "GEM_*",
	"BUNDLE_*", "NODE_PATH", "NODE_OPTIONS", "NVM_*", "CLASSPATH", "JAVA_HOME", "JRE_HOME",
	"JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS", "JDK_JAVA_OPTIONS", "JULIA_LOAD_PATH", "JULIA_DEPOT_PATH",
	"JULIA_PROJECT", "JULIA_BINDIR", "LUA_PATH*", "LUA_CPATH*", "LUA_INIT*", "TCLLIBPATH", "TCL_LIBRARY",
	"TK_LIBRARY", "GOROOT", "OCAMLPATH", "CAML_LD_LIBRARY_PATH", "OPAM_SWITCH_PREFIX", "GHC_PACKAGE_PATH",
	"OCTAVE_PATH", "MATLABPATH", "GUILE_LOAD_*", "ERL_LIBS", "PHPRC", "PHP_INI_SCAN_DIR", "DOTNET_ROOT*",
	"PSModulePath", "EMACSLOADPATH", "VIM", "VIMRUNTIME", "GIT_EXEC_PATH", "GIT_TEMPLATE_DIR",
	/* compilers and builds */
	"CPATH", "C_INCLUDE_PATH", "CPLUS_INCLUDE_PATH", "OBJC_INCLUDE_PATH", "LIBRARY_PATH", "INCLUDE",
	"COMPILER_PATH", "GCC_EXEC_PREFIX", "PKG_CONFIG*", "CMAKE_PREFIX_PATH", "CMAKE_MODULE_PATH",
	"CMAKE_LIBRARY_PATH", "CMAKE_INCLUDE_PATH", "ACLOCAL_PATH", "MANPATH", "INFOPATH",
	/* toolkits and libraries with plugins or data beside them */
	"CUDA_HOME", "CUDA_PATH", "CUDA_ROOT", "CUDADIR", "CUDNN_*", "NVHPC*", "ROCM_PATH", "HIP_PATH", "MKLROOT",
	"I_MPI_ROOT", "OPAL_PREFIX", "OPAL_*DIR", "OMPI_MCA_mca_base_component_path", "OMPI_MCA_mca_component_path",
	"PMIX_INSTALL_PREFIX", "PMIX_MCA_mca_base_component_path", "PRTE_PREFIX", "FI_PROVIDER_PATH",
	"UCX_MODULE_DIR", "HDF5_PLUGIN_PATH", "PROJ_LIB", "PROJ_DATA", "GDAL_DATA", "GDAL_DRIVER_PATH", "TEXINPUTS",
	"TEXMFCNF", "TEXMFROOT", "MAGIC",
	/* certificates and crypto configuration by path */
	"SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "NIX_SSL_CERT_FILE",
	"GIT_SSL_CAINFO", "OPENSSL_CONF", "OPENSSL_MODULES", "OPENSSL_ENGINES",
	/* desktop, graphics, terminals */
	"XDG_DATA_DIRS", "XDG_CONFIG_DIRS", "TERMINFO*", "TERMCAP", "GTK_PATH*", "GTK_MODULES", "GTK_EXE_PREFIX",
	"GTK_DATA_PREFIX", "GTK_IM_MODULE_FILE", "GDK_PIXBUF_MODULE*", "GI_TYPELIB_PATH", "GIO_MODULE_DIR",
	"GIO_EXTRA_MODULES", "GSETTINGS_SCHEMA_DIR", "GST_PLUGIN_*", "QT_PLUGIN_PATH", "QT_QPA_PLATFORM_PLUGIN_PATH",
	"QTDIR", "QML_IMPORT_PATH", "QML2_IMPORT_PATH", "FONTCONFIG_*", "XCURSOR_PATH", "XLOCALEDIR",
	"XKB_CONFIG_ROOT", "XFILESEARCHPATH", "XAPPLRESDIR", "LIBGL_DRIVERS_PATH", "LIBVA_DRIVERS_PATH",
	"VDPAU_DRIVER_PATH", "VK_ICD_FILENAMES", "VK_DRIVER_FILES", "VK_LAYER_PATH", "VK_ADD_LAYER_PATH",
	"OCL_ICD_VENDORS", "OPENCL_VENDOR_PATH", "__EGL_VENDOR_LIBRARY_*", "ALSA_PLUGIN_DIR",
};

static bool matches(const char *pattern, const char *name)
{
	const char *star;
	size_t head;

	if (*pattern != *name) /* most: some 300 patterns meet each variable */
		return false;
	star = strchr(pattern, '*');
	head = star ? (size_t)(star - pattern) : 0;
	if (!star)
		return strcmp(pattern, name) == 0;
	return strncmp(pattern, name, head) == 0 && str_ends(name + head, star + 1);
}

bool env_name_stays_outside(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(outside); i++)
		if (matches(outside[i], name))
			return true;
	return false;
}

bool env_name_survives_cleanenv(const char *name)
{
	static const char *const names[] = { "TERM",	    "http_proxy", "https_proxy", "no_proxy",
					     "all_proxy",   "ftp_proxy",  "HTTP_PROXY",	 "HTTPS_PROXY",
					     "NO_PROXY",    "ALL_PROXY",  "FTP_PROXY" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}
