# cpack: a Debian package and a folder that runs from wherever it is unpacked (cpack -G DEB, -G TGZ).
set(CPACK_PACKAGE_NAME rollcall)
set(CPACK_PACKAGE_VENDOR "Rollcall")
set(CPACK_PACKAGE_CONTACT "Rollcall <rollcall@localhost>")
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_RESOURCE_FILE_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)
set(CPACK_STRIP_FILES ON)
set(CPACK_GENERATOR DEB TGZ)
# The worker is looked for beside the coordinator's own binary, so nothing depends on the place.
set(CPACK_PACKAGE_FILE_NAME "rollcall-${PROJECT_VERSION}-${CMAKE_SYSTEM_PROCESSOR}")

set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION utils)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
  "Runs many tasks at once on many processes and machines; each answers exactly once.")
set(CPACK_DEBIAN_DEBUGINFO_PACKAGE OFF)
include(CPack)
