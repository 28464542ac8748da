/* What it costs to start a C program at all. */
int main(void)
{
	return 0;
}
