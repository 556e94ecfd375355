"""`python -m callbot`"""

from callbot.cli.main import main

main()
