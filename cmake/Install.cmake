# cmake --install: the two programs, their man pages, and completions for bash, zsh and fish.
foreach(program rollcall rollcall-worker)
  if(TARGET ${program})
    install(TARGETS ${program} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  endif()
endforeach()

file(GLOB man_pages CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/docs/man/*.1)
install(FILES ${man_pages} DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)

set(completions ${PROJECT_SOURCE_DIR}/deploy/completions)
foreach(pair bash:bash-completion/completions zsh:zsh/site-functions fish:fish/vendor_completions.d)
  string(REPLACE ":" ";" pair ${pair})
  list(GET pair 0 shell)
  list(GET pair 1 folder)
  file(GLOB files CONFIGURE_DEPENDS ${completions}/${shell}/*)
  install(FILES ${files} DESTINATION ${CMAKE_INSTALL_DATADIR}/${folder})
endforeach()
