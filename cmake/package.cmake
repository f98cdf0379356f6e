# The Debian package: what is in it besides the binary, and its control data (CPack, generator DEB).
#
# Components: `program` is for every installation, `manual` for those that are no package (pages as
# they are), `debian` for the package only: its paths are absolute and its texts compressed, as
# Debian Policy asks, so `cmake --install` leaves it out. `./package` puts it together.

set(FERRULE_PACKAGE_VERSION "" CACHE STRING
    "Version of the Debian package; empty: the project's, or what git makes of it before a release")
set(FERRULE_PACKAGE_MAINTAINER "Ferrule authors <ferrule@ferrule.invalid>" CACHE STRING
    "Maintainer of the Debian package: name and address of whoever builds it for others")

# 0.1.0-1~bookworm: the libraries are this release's, and Debian's own 0.1.0-1 would be newer. A build
# of another commit than the tagged one is 0.1.0~git20261126224500.4461a1e-1~bookworm: newer than those
# of older commits, older than the release. Else apt would take two different builds for the same.
set(package_version "${FERRULE_PACKAGE_VERSION}")
string(TIMESTAMP package_date "%a, %d %b %Y %H:%M:%S +0000" UTC) # knows SOURCE_DATE_EPOCH
set(commit "")
set(release "")
if(COMMAND ask_git)
    ask_git(commit log -1 --format=%cd.%h --abbrev=7 --date=format:%Y%m%d%H%M%S)
    ask_git(release tag --points-at HEAD --list "v${PROJECT_VERSION}")
    ask_git(commit_date log -1 --format=%cd "--date=format:%a, %d %b %Y %H:%M:%S %z")
    if(commit_date)
        set(package_date "${commit_date}")
    endif()
endif()
if(NOT package_version)
    set(package_version ${PROJECT_VERSION})
    if(commit AND NOT release)
        string(APPEND package_version "~git${commit}")
    endif()
    string(APPEND package_version "-1")
    cmake_host_system_information(RESULT codename QUERY DISTRIB_VERSION_CODENAME)
    if(codename)
        string(APPEND package_version "~${codename}")
    endif()
endif()

set(debian ${PROJECT_SOURCE_DIR}/cmake/debian)
set(made ${PROJECT_BINARY_DIR}/debian)
set(documents /usr/share/doc/ferrule)

install(FILES ${PROJECT_SOURCE_DIR}/config/ferrule.bash RENAME ferrule
    DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions COMPONENT program)
install(FILES ${PROJECT_SOURCE_DIR}/docs/man/ferrule.8
    DESTINATION ${CMAKE_INSTALL_MANDIR}/man8 COMPONENT manual)
install(FILES ${PROJECT_SOURCE_DIR}/docs/man/ferrule.yaml.5
    DESTINATION ${CMAKE_INSTALL_MANDIR}/man5 COMPONENT manual)

# ferrule_debian_files(FOLDER FILE... [RENAME NAME]): files as they are.
function(ferrule_debian_files folder)
    install(FILES ${ARGN} DESTINATION ${folder} COMPONENT debian EXCLUDE_FROM_ALL)
endfunction()

# ferrule_debian_compressed(FOLDER FILE NAME): one file, as NAME.gz. Compressed when it is
# installed, so that a build needs no gzip; -n leaves the time out, so that equal texts stay equal.
function(ferrule_debian_compressed folder file name)
    install(CODE "execute_process(COMMAND gzip -9nc \"${file}\" OUTPUT_FILE \"${made}/${name}.gz\"
        COMMAND_ERROR_IS_FATAL ANY)" COMPONENT debian EXCLUDE_FROM_ALL)
    ferrule_debian_files(${folder} ${made}/${name}.gz)
endfunction()

configure_file(${debian}/changelog.in ${made}/changelog @ONLY)
ferrule_debian_compressed(${documents} ${made}/changelog changelog.Debian)
ferrule_debian_compressed(${documents} ${PROJECT_SOURCE_DIR}/CHANGELOG.md changelog)
ferrule_debian_compressed(/usr/share/man/man8 ${PROJECT_SOURCE_DIR}/docs/man/ferrule.8 ferrule.8)
ferrule_debian_compressed(/usr/share/man/man5 ${PROJECT_SOURCE_DIR}/docs/man/ferrule.yaml.5
    ferrule.yaml.5)
ferrule_debian_files(${documents} ${debian}/copyright ${debian}/README.Debian)
# These name each other by their file names, so they are not compressed.
foreach(page configuration endings metrics operations probe)
    ferrule_debian_files(${documents}/docs ${PROJECT_SOURCE_DIR}/docs/${page}.md)
endforeach()

ferrule_debian_files(/etc/ferrule ${debian}/ferrule.yaml)
ferrule_debian_files(/etc/default ${debian}/default RENAME ferrule)
ferrule_debian_files(/usr/share/lintian/overrides ${debian}/lintian-overrides RENAME ferrule)
ferrule_debian_files(/lib/systemd/system ${PROJECT_SOURCE_DIR}/systemd/ferrule.service
    ${PROJECT_SOURCE_DIR}/systemd/ferrule.socket)
ferrule_debian_files(/usr/lib/sysusers.d ${PROJECT_SOURCE_DIR}/systemd/ferrule.sysusers
    RENAME ferrule.conf)

# ferrule_debian_examples(FOLDER PATTERN...): what is there of them.
function(ferrule_debian_examples folder)
    list(TRANSFORM ARGN PREPEND ${PROJECT_SOURCE_DIR}/ OUTPUT_VARIABLE patterns)
    file(GLOB found CONFIGURE_DEPENDS ${patterns})
    list(FILTER found EXCLUDE REGEX "_test\\.yaml$")
    if(found)
        ferrule_debian_files(${documents}/examples/${folder} ${found})
    endif()
endfunction()

# The whole configuration, one file for each common job, and what goes with them.
ferrule_debian_examples("" config/ferrule.yaml config/examples/*.yaml)
ferrule_debian_examples(systemd systemd/*.conf)
ferrule_debian_examples(prometheus docker/prometheus/*.yaml)
ferrule_debian_examples(grafana docker/grafana/*.json)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME ferrule)
set(CPACK_PACKAGE_VERSION ${package_version})
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "TLS-terminating TCP proxy that ends connections truthfully")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_INSTALL_CMAKE_PROJECTS
    "${PROJECT_BINARY_DIR};ferrule;program;/;${PROJECT_BINARY_DIR};ferrule;debian;/")
set(CPACK_PRE_BUILD_SCRIPTS ${debian}/modes.cmake)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_MAINTAINER "${FERRULE_PACKAGE_MAINTAINER}")
# CPack puts the summary before it and a space before each line.
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
"Ferrule takes TLS 1.2 and 1.3 from clients and speaks plain TCP to the servers
behind. A stream that was cut off is never passed on as one that is complete,
every ending is bounded in time, and the log and the metrics say how each
session ended and whether bytes were lost.

It drains on a stop, takes a new configuration without ending a session, can
be started by sockets that systemd keeps, and serves its numbers to
Prometheus.")
# Libraries by dpkg-shlibdeps; whatever makes the user `ferrule` by hand (debhelper's words for it).
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "systemd | systemd-standalone-sysusers | systemd-sysusers")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "bash-completion, certbot, openssl, prometheus")
file(WRITE ${made}/conffiles "/etc/default/ferrule\n/etc/ferrule/ferrule.yaml\n")
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${debian}/postinst ${debian}/prerm ${debian}/postrm
    ${made}/conffiles)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
include(CPack)
