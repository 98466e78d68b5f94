# `cmake --install`: headers, both libraries, the CMake package and relume.pc; nothing of rigs or tests.
# Components: `runtime` is what a program needs to run, `development` what it takes to build one; `composer` is the composer alone,
# a package that is whole without the others.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/relume)

set(composer_headers base.h slot.h composer.h)
list(TRANSFORM composer_headers PREPEND ${PROJECT_SOURCE_DIR}/include/relume/)
set_target_properties(relume_composer PROPERTIES EXPORT_NAME composer)
install(TARGETS relume_composer EXPORT relume_composer ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT composer
  INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(EXPORT relume_composer NAMESPACE relume:: FILE relume-composer.cmake DESTINATION ${package_dir} COMPONENT composer)
install(FILES ${composer_headers} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/relume COMPONENT composer)
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT composer)

# A static link by a C compiler needs the C++ runtime that the library was built with.
set(runtime ${CMAKE_CXX_IMPLICIT_LINK_LIBRARIES})
list(REMOVE_ITEM runtime ${CMAKE_C_IMPLICIT_LINK_LIBRARIES})
list(REMOVE_DUPLICATES runtime)
list(TRANSFORM runtime PREPEND -l)
list(JOIN runtime " " RELUME_RUNTIME_LIBRARIES)

configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/relumeConfig.cmake.in
  ${PROJECT_BINARY_DIR}/package/relumeConfig.cmake INSTALL_DESTINATION ${package_dir}
  NO_SET_AND_CHECK_MACRO)
# While the major version is 0, a minor version may change the API.
write_basic_package_version_file(${PROJECT_BINARY_DIR}/package/relumeConfigVersion.cmake COMPATIBILITY SameMinorVersion)
foreach(component IN ITEMS development composer)
  install(FILES ${PROJECT_BINARY_DIR}/package/relumeConfig.cmake ${PROJECT_BINARY_DIR}/package/relumeConfigVersion.cmake
    DESTINATION ${package_dir} COMPONENT ${component})
endforeach()
if(RELUME_COMPOSER_ONLY)
  return()
endif()

install(FILES ${public_headers} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/relume COMPONENT development)
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT runtime)

# An export file each, so that who takes the shared library is not asked for what only the static one needs.
foreach(kind IN ITEMS static shared)
  set_target_properties(relume_${kind} PROPERTIES EXPORT_NAME ${kind})
  install(TARGETS relume_${kind} EXPORT relume_${kind}
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development
    LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT runtime NAMELINK_COMPONENT development
    INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
  install(EXPORT relume_${kind} NAMESPACE relume:: FILE relume-${kind}.cmake DESTINATION ${package_dir}
    COMPONENT development)
endforeach()

# Relative to the file itself: an installed folder may be moved. A folder that was given as an absolute path stays one.
set(prefix "\${prefix}")
cmake_path(APPEND prefix ${CMAKE_INSTALL_LIBDIR} OUTPUT_VARIABLE RELUME_PC_LIBDIR)
cmake_path(APPEND prefix ${CMAKE_INSTALL_INCLUDEDIR} OUTPUT_VARIABLE RELUME_PC_INCLUDEDIR)
cmake_path(RELATIVE_PATH CMAKE_INSTALL_PREFIX BASE_DIRECTORY ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig
  OUTPUT_VARIABLE RELUME_PC_PREFIX)
configure_file(${CMAKE_CURRENT_LIST_DIR}/relume.pc.in ${PROJECT_BINARY_DIR}/package/relume.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/package/relume.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT development)
