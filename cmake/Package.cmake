# cpack: a Debian package, and an archive that runs from any directory (cpack -G DEB, -G TGZ).
set(CPACK_PACKAGE_NAME rollcall)
set(CPACK_PACKAGE_VENDOR "Rollcall")
set(CPACK_PACKAGE_CONTACT "Rollcall <rollcall@localhost>")
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_RESOURCE_FILE_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)
set(CPACK_STRIP_FILES ON)
set(CPACK_GENERATOR DEB TGZ)
# The coordinator finds the worker in its own directory, so the archive can be unpacked anywhere.
set(CPACK_PACKAGE_FILE_NAME "rollcall-${PROJECT_VERSION}-${CMAKE_SYSTEM_PROCESSOR}")

set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION utils)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
  "Runs many tasks in parallel on many processes and machines, with exactly one result per task.")
set(CPACK_DEBIAN_DEBUGINFO_PACKAGE OFF)
include(CPack)
